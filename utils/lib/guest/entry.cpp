// SPDX-License-Identifier: GPL-2.0-or-later
#include "entry.hpp"

#include "vz/base/scope.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <vector>

namespace vz::guest {

namespace {

constexpr const char* k_acl = "system.posix_acl_access";

Error write_error(int err, std::string_view call, const std::string& name) {
    return sys_fail(err, err == ENOSPC || err == EDQUOT ? Errc::no_disk_space : Errc::system, "{} {}", call,
                    name);
}

// The access ACL of the file behind an O_PATH handle, in the form of its extended attribute; empty if it has
// none.
std::vector<char> acl_of(int handle) {
    const std::string self = format("/proc/self/fd/{}", handle);
    const auto size = ::getxattr(self.c_str(), k_acl, nullptr, 0);
    std::vector<char> acl(size > 0 ? static_cast<std::size_t>(size) : 0);
    const auto got = acl.empty() ? 0 : ::getxattr(self.c_str(), k_acl, acl.data(), acl.size());
    acl.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return acl;
}

} // namespace

Result<Entry> Entry::look(const sys::Dir& folder, std::string name) {
    Entry entry(folder, std::move(name));
    auto handle = folder.open_at(entry.m_name, O_PATH | O_NOFOLLOW);
    if (!handle && handle.error().sys_errno == ENOENT)
        return entry;
    if (!handle)
        return std::move(handle).error();
    entry.m_handle = *std::move(handle);
    if (::fstat(entry.m_handle.get(), &entry.m_status) != 0)
        return sys_fail(errno, Errc::system, "stat {}", entry.m_name);
    return entry;
}

Result<sys::Fd> Entry::reopen(int flags) const {
    if (!regular())
        return fail(Errc::bad_value, "{}: not a regular file", m_name);
    // By its handle, so that it is the very file that was checked. Not blocking: the container may hold a
    // lease.
    const std::string self = format("/proc/self/fd/{}", m_handle.get());
    sys::Fd fd(::open(self.c_str(), flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!fd)
        return sys_fail(errno, Errc::system, "open {}", m_name);
    return fd;
}

Result<std::string> Entry::read(std::size_t limit) const {
    VZ_ASSIGN(const sys::Fd fd, reopen(O_RDONLY));
    return sys::read_all(fd.get(), limit).context(m_name);
}

Result<sys::Fd> Entry::open_for_lock() const {
    return reopen(O_WRONLY);
}

Result<void> Entry::dress(int fd, unsigned mode) const {
    // The folder may have a default ACL; a new file must not gain readers through it.
    ::fremovexattr(fd, k_acl);
    if (regular() && ::fchown(fd, m_status.st_uid, m_status.st_gid) != 0)
        return write_error(errno, "fchown", m_name);
    if (::fchmod(fd, regular() ? m_status.st_mode & 0777U : mode) != 0)
        return write_error(errno, "fchmod", m_name);
    const auto acl = regular() ? acl_of(m_handle.get()) : std::vector<char>();
    if (!acl.empty() && ::fsetxattr(fd, k_acl, acl.data(), acl.size(), 0) != 0)
        return write_error(errno, "set the ACL of", m_name);
    return {};
}

Result<void> Entry::put_in_place(int fd, const std::string& temporary) const {
    if (::fsync(fd) != 0)
        return write_error(errno, "fsync", m_name);
    if (::renameat(m_folder->fd(), temporary.c_str(), m_folder->fd(), m_name.c_str()) != 0)
        return write_error(errno, "replace", m_name);
    return {};
}

Result<void> Entry::replace(std::string_view content, unsigned mode) const {
    // A fixed name: what a killed predecessor left is taken away by the next call. The container's lock is
    // held.
    const std::string temporary = format(".{}.vz-new", m_name);
    if (::unlinkat(m_folder->fd(), temporary.c_str(), 0) != 0 && errno != ENOENT)
        return write_error(errno, "remove", temporary);
    VZ_ASSIGN(const sys::Fd fd, m_folder->open_at(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    Cleanup undo([&] { ::unlinkat(m_folder->fd(), temporary.c_str(), 0); });
    VZ_TRY(sys::write_all(fd.get(), content).context(m_name));
    VZ_TRY(dress(fd.get(), mode));
    VZ_TRY(put_in_place(fd.get(), temporary));
    undo.dismiss();
    VZ_ASSIGN(const sys::Fd folder, m_folder->open_at(".", O_RDONLY | O_DIRECTORY));
    if (::fsync(folder.get()) != 0)
        return write_error(errno, "fsync the folder of", m_name);
    return {};
}

} // namespace vz::guest
