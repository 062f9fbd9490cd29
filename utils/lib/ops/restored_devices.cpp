// SPDX-License-Identifier: GPL-2.0-or-later
#include "restored_devices.hpp"

#include "vz/base/text.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace vz::ops {

namespace {

using backup::Entry;
using backup::Type;

struct Place {
    sys::Fd folder;
    std::string name;
};

Result<Place> place_of(const sys::Dir& root, const std::string& path) {
    const auto slash = path.rfind('/');
    const auto folder = slash == std::string::npos ? std::string(".") : path.substr(0, slash);
    VZ_ASSIGN(auto fd, root.open_at(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    return Place{std::move(fd), slash == std::string::npos ? path : path.substr(slash + 1)};
}

Result<void> make_node(const Place& place, const Entry& entry, const sys::IdRange& owners) {
    const auto kind = entry.type == Type::char_device ? S_IFCHR : S_IFBLK;
    const timespec time{static_cast<time_t>(entry.mtime.seconds), static_cast<long>(entry.mtime.nanoseconds)};
    const std::array<timespec, 2> times{time, time};
    const char* name = place.name.c_str();
    const int folder = place.folder.get();
    if (::mknodat(folder, name, static_cast<mode_t>(kind), makedev(entry.major, entry.minor)) != 0 ||
        ::fchownat(folder, name, owners.uid_base + entry.uid, owners.gid_base + entry.gid,
                   AT_SYMLINK_NOFOLLOW) != 0 ||
        ::fchmodat(folder, name, entry.mode, 0) != 0 ||
        ::utimensat(folder, name, times.data(), AT_SYMLINK_NOFOLLOW) != 0)
        return sys_fail(errno, Errc::create_private, "make the device '{}'", text::printable(entry.path));
    return {};
}

Result<void> make_link(const sys::Dir& root, const Place& place, const Entry& entry) {
    VZ_ASSIGN(const auto first, place_of(root, entry.link));
    struct stat st {};
    if (::fstatat(first.folder.get(), first.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode)))
        return fail(Errc::failed, "'{}': a hard link to something that is no device",
                    text::printable(entry.path));
    if (::linkat(first.folder.get(), first.name.c_str(), place.folder.get(), place.name.c_str(), 0) != 0)
        return sys_fail(errno, Errc::create_private, "link '{}'", text::printable(entry.path));
    return {};
}

Result<void> make_one(const storage::Files& files, const Entry& entry) {
    const bool is_device = entry.type == Type::char_device || entry.type == Type::block_device;
    const bool is_whiteout = entry.type == Type::char_device && entry.major == 0 && entry.minor == 0;
    if (is_whiteout || (!is_device && entry.type != Type::hard_link))
        return fail(Errc::internal, "bad answer of vz-unpack");
    VZ_ASSIGN(const auto place, place_of(files.root, entry.path));
    struct stat before {};
    if (::fstat(place.folder.get(), &before) != 0)
        return sys_fail(errno, Errc::create_private, "look at the folder of '{}'",
                        text::printable(entry.path));
    VZ_TRY(files.root.remove_tree(entry.path));
    VZ_TRY(is_device ? make_node(place, entry, files.owners) : make_link(files.root, place, entry));
    const std::array<timespec, 2> times{before.st_atim, before.st_mtim};
    if (::futimens(place.folder.get(), times.data()) != 0)
        return sys_fail(errno, Errc::create_private, "set the time of a folder");
    return {};
}

} // namespace

Result<void> make_devices(const storage::Files& files, const std::vector<Entry>& entries) {
    for (const auto& entry : entries)
        VZ_TRY(make_one(files, entry));
    VZ_ASSIGN(const auto root, files.root.open_at(".", O_RDONLY | O_DIRECTORY));
    if (::syncfs(root.get()) != 0)
        return sys_fail(errno, Errc::create_private, "write the devices");
    return {};
}

} // namespace vz::ops
