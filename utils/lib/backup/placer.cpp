// SPDX-License-Identifier: GPL-2.0-or-later
#include "placer.hpp"

#include "vz/archive/content.hpp"
#include "vz/base/text.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace vz::backup {

namespace {

constexpr unsigned k_plain_bits = 0777;

Error cannot(int err, std::string_view call, const Entry& entry) {
    return archive::write_error(err, format("{} '{}'", call, text::printable(entry.path)));
}

std::array<timespec, 2> both_times(const Entry& entry) {
    const timespec time{static_cast<time_t>(entry.mtime.seconds), static_cast<long>(entry.mtime.nanoseconds)};
    return {time, time};
}

// Others mean something to the host only.
bool is_restored(std::string_view attribute) {
    return archive::is_kept_attribute(attribute) || archive::is_acl(attribute);
}

Result<void> set_attributes(int fd, const Entry& entry) {
    for (const auto& [name, value] : entry.attributes)
        if (is_restored(name) && ::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) != 0)
            return cannot(errno, "set attribute " + text::printable(name) + " of", entry);
    return {};
}

Result<void> drop_attributes(int fd, const Entry& entry) {
    std::string names(65536, '\0'); // XATTR_LIST_MAX
    const auto size = ::flistxattr(fd, names.data(), names.size());
    if (size < 0 && errno != ENOTSUP)
        return cannot(errno, "list the attributes of", entry);
    names.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    for (const auto& name : text::split(names, '\0'))
        if (is_restored(name) && ::fremovexattr(fd, name.c_str()) != 0 && errno != ENODATA)
            return cannot(errno, "remove an attribute of", entry);
    return {};
}

// In this order: a change of owner clears set-id bits and file capabilities. New files are root's, with the
// mode they were made with.
Result<void> set_metadata(int fd, const Entry& entry) {
    const bool is_roots = entry.uid == 0 && entry.gid == 0;
    if (!is_roots && ::fchown(fd, entry.uid, entry.gid) != 0)
        return cannot(errno, "set the owner of", entry);
    if ((!is_roots || (entry.mode & ~k_plain_bits) != 0) && ::fchmod(fd, entry.mode) != 0)
        return cannot(errno, "set the mode of", entry);
    VZ_TRY(set_attributes(fd, entry));
    if (::futimens(fd, both_times(entry).data()) != 0)
        return cannot(errno, "set the time of", entry);
    return {};
}

} // namespace

// Files come sorted by folder as a rule, so the folder that is open is mostly the one that is needed.
Result<Placer::Place> Placer::place_of(const std::string& path) {
    const auto slash = path.rfind('/');
    const auto folder = std::string_view(path).substr(0, slash == std::string::npos ? 0 : slash);
    if (folder != m_folder_path) {
        VZ_ASSIGN(m_folder,
                  m_target.open_at(folder.empty() ? "." : folder, O_PATH | O_DIRECTORY | O_NOFOLLOW));
        m_folder_path = folder;
    }
    return Place{m_folder.get(), path.c_str() + (slash == std::string::npos ? 0 : slash + 1)};
}

Result<void> Placer::create(const Entry& entry, std::string_view call,
                            const std::function<int(const Place&)>& make) {
    VZ_ASSIGN(const auto place, place_of(entry.path));
    if (make(place) == 0)
        return {};
    if (errno != EEXIST)
        return cannot(errno, call, entry);
    VZ_TRY(remove(entry));
    if (make(place) != 0)
        return cannot(errno, call, entry);
    return {};
}

Result<bool> Placer::make_file(const Entry& entry, const Fill& fill) {
    sys::Fd fd;
    VZ_TRY(create(entry, "create", [&](const Place& place) {
        fd.reset(::openat(place.folder, place.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                          entry.mode & k_plain_bits));
        return fd ? 0 : -1;
    }));
    VZ_ASSIGN(const bool good, fill(fd.get()));
    if (good)
        VZ_TRY(set_metadata(fd.get(), entry));
    else
        VZ_TRY(remove(entry));
    return good;
}

// A folder of the template stays, unless nothing of it is to be seen.
Result<void> Placer::make_folder(const Entry& entry) {
    if (entry.path != ".") {
        VZ_ASSIGN(const auto place, place_of(entry.path));
        struct stat st {};
        const bool exists = ::fstatat(place.folder, place.name, &st, AT_SYMLINK_NOFOLLOW) == 0;
        if (exists && (entry.opaque || !S_ISDIR(st.st_mode)))
            VZ_TRY(remove(entry));
        if (::mkdirat(place.folder, place.name, 0700) != 0 && errno != EEXIST)
            return cannot(errno, "mkdir", entry);
    }
    VZ_ASSIGN(const auto fd, m_target.open_at(entry.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    if (entry.path == "." && entry.opaque) {
        VZ_ASSIGN(const auto names, m_target.list());
        for (const auto& name : names)
            VZ_TRY(m_target.remove_tree(name));
    }
    if (::fchown(fd.get(), 0, 0) != 0 || ::fchmod(fd.get(), 0700) != 0)
        return cannot(errno, "prepare", entry);
    return drop_attributes(fd.get(), entry);
}

Result<void> Placer::finish_folder(const Entry& entry) {
    VZ_ASSIGN(const auto fd, m_target.open_at(entry.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    if (::fchmod(fd.get(), entry.mode & k_plain_bits) != 0)
        return cannot(errno, "set the mode of", entry);
    return set_metadata(fd.get(), entry);
}

Result<void> Placer::set_owner_and_time(const Entry& entry, const Place& place) {
    if ((entry.uid != 0 || entry.gid != 0) &&
        ::fchownat(place.folder, place.name, entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW) != 0)
        return cannot(errno, "set the owner of", entry);
    if (entry.type != Type::symlink && ::fchmodat(place.folder, place.name, entry.mode, 0) != 0)
        return cannot(errno, "set the mode of", entry);
    if (::utimensat(place.folder, place.name, both_times(entry).data(), AT_SYMLINK_NOFOLLOW) != 0)
        return cannot(errno, "set the time of", entry);
    return {};
}

Result<void> Placer::make_symlink(const Entry& entry) {
    VZ_TRY(create(entry, "symlink", [&](const Place& place) {
        return ::symlinkat(entry.link.c_str(), place.folder, place.name);
    }));
    VZ_ASSIGN(const auto place, place_of(entry.path));
    return set_owner_and_time(entry, place);
}

// A FIFO is not opened, and lsetxattr(2) has no form that takes a folder.
Result<void> Placer::make_fifo(const Entry& entry) {
    VZ_TRY(create(entry, "mkfifo", [&](const Place& place) {
        return ::mknodat(place.folder, place.name, S_IFIFO | (entry.mode & k_plain_bits), 0);
    }));
    VZ_ASSIGN(const auto place, place_of(entry.path));
    if (!entry.attributes.empty() && ::fchdir(place.folder) != 0)
        return cannot(errno, "open the folder of", entry);
    VZ_TRY(set_owner_and_time(entry, place));
    for (const auto& [name, value] : entry.attributes)
        if (is_restored(name) && ::lsetxattr(place.name, name.c_str(), value.data(), value.size(), 0) != 0)
            return cannot(errno, "set an attribute of", entry);
    return {};
}

Result<void> Placer::make_hard_link(const Entry& entry) {
    const auto slash = entry.link.rfind('/');
    const auto folder = slash == std::string::npos ? std::string(".") : entry.link.substr(0, slash);
    const char* name = entry.link.c_str() + (slash == std::string::npos ? 0 : slash + 1);
    VZ_ASSIGN(const auto from, m_target.open_at(folder, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    return create(entry, "link", [&](const Place& place) {
        return ::linkat(from.get(), name, place.folder, place.name, 0);
    });
}

Result<void> Placer::remove(const Entry& entry) {
    return m_target.remove_tree(entry.path).context(format("replace '{}'", text::printable(entry.path)));
}

} // namespace vz::backup
