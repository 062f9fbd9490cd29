// SPDX-License-Identifier: GPL-2.0-or-later
#include "writer.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vz::archive {

namespace {

std::array<timespec, 2> both_times(const Time& mtime) {
    const timespec time{static_cast<time_t>(mtime.seconds), mtime.nanoseconds};
    return {time, time};
}

Result<void> write_content(const Entry& entry, int fd) {
    std::uint64_t end = 0;
    for (;;) {
        VZ_ASSIGN(const auto block, entry.next_block());
        if (!block)
            break;
        VZ_TRY(write_block(fd, *block, end));
    }
    return end_content(fd, end, entry.size);
}

} // namespace

Result<void> Writer::take(Entry& entry) {
    switch (entry.member.type) {
    case MemberType::folder:
        return make_folder(entry);
    case MemberType::regular:
        return make_file(entry);
    case MemberType::hard_link:
        return make_hard_link(entry);
    default:
        return make_special(entry);
    }
}

// Members come sorted by folder as a rule, so the folder that is open is mostly the one that is needed.
Result<Writer::Place> Writer::place_of(const std::string& path) {
    const auto slash = path.rfind('/');
    const auto folder = slash == std::string::npos ? std::string() : path.substr(0, slash);
    if (folder != m_folder_path) {
        auto fd = m_target.open_at(folder, O_PATH | O_DIRECTORY | O_NOFOLLOW);
        if (!fd && fd.error().sys_errno == ENOENT) {
            VZ_TRY(m_target.make_dirs(folder)); // the archive did not name it
            fd = m_target.open_at(folder, O_PATH | O_DIRECTORY | O_NOFOLLOW);
        }
        VZ_ASSIGN(m_folder, std::move(fd));
        m_folder_path = folder;
    }
    return Place{m_folder.get(), slash == std::string::npos ? path : path.substr(slash + 1)};
}

Result<void> Writer::make_folder(Entry& entry) {
    const auto& path = entry.member.path;
    if (!path.empty()) {
        VZ_ASSIGN(const auto place, place_of(path));
        if (::mkdirat(place.folder, place.name.c_str(), 0700) != 0 && errno != EEXIST)
            return write_error(errno, "mkdir");
    }
    VZ_ASSIGN(const auto fd, m_target.open_at(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    if (::fchown(fd.get(), static_cast<uid_t>(entry.member.uid), static_cast<gid_t>(entry.member.gid)) != 0 ||
        ::fchmod(fd.get(), entry.mode) != 0)
        return write_error(errno, "set owner and mode");
    m_folders.push_back({path, entry.mtime, std::move(entry.attributes)});
    return {};
}

Result<void> Writer::make_file(const Entry& entry) {
    VZ_ASSIGN(const auto place, place_of(entry.member.path));
    const sys::Fd fd(::openat(place.folder, place.name.c_str(),
                              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd)
        return write_error(errno, "create");
    VZ_TRY(write_content(entry, fd.get()));
    // In this order: a change of owner clears set-id bits and file capabilities.
    if (::fchown(fd.get(), static_cast<uid_t>(entry.member.uid), static_cast<gid_t>(entry.member.gid)) != 0 ||
        ::fchmod(fd.get(), entry.mode) != 0)
        return write_error(errno, "set owner and mode");
    VZ_TRY(set_attributes(fd.get(), entry.attributes));
    if (::futimens(fd.get(), both_times(entry.mtime).data()) != 0)
        return write_error(errno, "set the time");
    return {};
}

Result<void> Writer::make_hard_link(const Entry& entry) {
    VZ_ASSIGN(const auto first, m_target.open_at(entry.member.link, O_PATH | O_NOFOLLOW));
    struct stat st {};
    if (::fstat(first.get(), &st) != 0 || !S_ISREG(st.st_mode))
        return fail(Errc::bad_template, "hard link to something that is not a file");
    const auto slash = entry.member.link.rfind('/');
    const auto folder = slash == std::string::npos ? std::string() : entry.member.link.substr(0, slash);
    const auto name = slash == std::string::npos ? entry.member.link : entry.member.link.substr(slash + 1);
    VZ_ASSIGN(const auto from, m_target.open_at(folder, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    VZ_ASSIGN(const auto place, place_of(entry.member.path));
    if (::linkat(from.get(), name.c_str(), place.folder, place.name.c_str(), 0) != 0)
        return write_error(errno, "link");
    return {};
}

Result<void> Writer::make_special(const Entry& entry) {
    VZ_ASSIGN(const auto place, place_of(entry.member.path));
    const char* name = place.name.c_str();
    const bool is_link = entry.member.type == MemberType::symlink;
    if (is_link ? ::symlinkat(entry.member.link.c_str(), place.folder, name) != 0
                : ::mknodat(place.folder, name, S_IFIFO | 0600, 0) != 0)
        return write_error(errno, is_link ? "symlink" : "mkfifo");
    if (::fchownat(place.folder, name, static_cast<uid_t>(entry.member.uid),
                   static_cast<gid_t>(entry.member.gid), AT_SYMLINK_NOFOLLOW) != 0 ||
        (!is_link && ::fchmodat(place.folder, name, entry.mode, 0) != 0) ||
        ::utimensat(place.folder, name, both_times(entry.mtime).data(), AT_SYMLINK_NOFOLLOW) != 0)
        return write_error(errno, "set owner, mode and time");
    return {};
}

Result<void> Writer::finish(const MemberCheck&) {
    for (const auto& folder : m_folders) {
        VZ_ASSIGN(const auto fd, m_target.open_at(folder.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
        VZ_TRY(set_attributes(fd.get(), folder.attributes));
        if (::futimens(fd.get(), both_times(folder.mtime).data()) != 0)
            return write_error(errno, "set a folder's time");
    }
    VZ_ASSIGN(const auto root, m_target.open_at(".", O_RDONLY | O_DIRECTORY));
    if (::syncfs(root.get()) != 0)
        return write_error(errno, "syncfs");
    return {};
}

} // namespace vz::archive
