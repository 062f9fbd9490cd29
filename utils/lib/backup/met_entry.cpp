// SPDX-License-Identifier: GPL-2.0-or-later
#include "met_entry.hpp"

#include "vz/sys/tree_attributes.hpp"

#include <cerrno>
#include <climits>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace vz::backup {

namespace {

constexpr std::string_view k_overlay =
    "user.overlay."; // steers overlay mounts, and is no business of a backup

Time time_of(const struct timespec& time) {
    return {time.tv_sec, static_cast<std::uint32_t>(time.tv_nsec)};
}

// The container's own ids begin with 0.
sys::IdShift own_ids(const Met& met) {
    return {met.layer->owners, {0, 0, met.layer->owners.count}};
}

} // namespace

std::optional<Type> type_of(const Met& met) {
    switch (met.st.st_mode & S_IFMT) {
    case S_IFREG:
        return Type::file;
    case S_IFDIR:
        return Type::folder;
    case S_IFLNK:
        return Type::symlink;
    case S_IFIFO:
        return Type::fifo;
    case S_IFCHR:
        return met.removed ? Type::removed : Type::char_device;
    case S_IFBLK:
        return Type::block_device;
    default: // a socket means nothing without the program that listens
        return std::nullopt;
    }
}

void take_stat(Entry& entry, const struct stat& st, const Met& met) {
    const auto shift = own_ids(met);
    entry.mode = st.st_mode & 07777;
    entry.uid = shift.uid(st.st_uid);
    entry.gid = shift.gid(st.st_gid);
    entry.mtime = time_of(st.st_mtim);
    entry.ctime = time_of(st.st_ctim);
    entry.inode = st.st_ino;
    if (entry.type == Type::file)
        entry.size = static_cast<std::uint64_t>(st.st_size);
    if (entry.type == Type::char_device || entry.type == Type::block_device) {
        entry.major = major(st.st_rdev);
        entry.minor = minor(st.st_rdev);
    }
}

Result<std::string> read_link(const Met& met) {
    std::string out(PATH_MAX, '\0');
    const auto size = ::readlinkat(met.folder, met.name.c_str(), out.data(), out.size());
    if (size <= 0)
        return sys_fail(errno, Errc::failed, "read the link");
    out.resize(static_cast<std::size_t>(size));
    return out;
}

sys::Fd open_met(const Met& met, int flags) {
    return sys::Fd(::openat(met.folder, met.name.c_str(),
                            flags | O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_NOATIME));
}

Result<Attributes> attributes_of(const sys::Fd& fd, const Met& met) {
    VZ_ASSIGN(auto found, sys::read_attributes(fd.get(), false));
    Attributes out;
    for (auto& [name, value] : sys::shifted(std::move(found), own_ids(met)))
        if (name.compare(0, k_overlay.size(), k_overlay) != 0)
            out.emplace_back(name, std::move(value));
    return out;
}

} // namespace vz::backup
