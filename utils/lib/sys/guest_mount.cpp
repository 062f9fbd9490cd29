// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/sys/guest_mount.hpp"

#include "vz/base/text.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/process.hpp"

#include <cerrno>
#include <fcntl.h>
#include <grp.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace vz::sys {

namespace {

// A file system of the container's own making may never answer.
constexpr unsigned k_patience = 30; // seconds

Result<Fd> open_tree(int folder, const char* path, int flags) {
    Fd tree(static_cast<int>(
        ::syscall(SYS_open_tree, folder, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags)));
    if (!tree)
        return sys_fail(errno, Errc::mount, "open_tree");
    return tree;
}

// A copy of the mount whose limits are locked: the kernel does that when mounts are copied into a mount
// namespace of another user namespace. Changes the namespaces of the caller.
Result<Fd> locked_copy(const GuestNamespaces& guest, const Fd& mount) {
    constexpr const char* k_place = "/tmp"; // seen by nobody: the namespace is private and ends with us
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        return sys_fail(errno, Errc::mount, "make a private mount namespace");
    if (::syscall(SYS_move_mount, mount.get(), "", AT_FDCWD, k_place, MOVE_MOUNT_F_EMPTY_PATH) != 0)
        return sys_fail(errno, Errc::mount, "move_mount");
    if (::setns(guest.user.get(), CLONE_NEWUSER) != 0 || ::unshare(CLONE_NEWNS) != 0)
        return sys_fail(errno, Errc::mount, "enter the container's user namespace");
    return open_tree(AT_FDCWD, k_place, 0);
}

Result<void> become_guest_root(const GuestNamespaces& guest) {
    if (::setns(guest.mount.get(), CLONE_NEWNS) != 0)
        return sys_fail(errno, Errc::mount, "enter the container's mount namespace");
    if (::setgroups(0, nullptr) != 0 || ::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0)
        return sys_fail(errno, Errc::system, "become the container's root");
    ::umask(0);
    return {};
}

enum class Missing { make, refuse };

// One name after the other, so that no link is ever followed.
Result<Fd> walk(const std::string& target, Missing missing) {
    VZ_ASSIGN(auto at, Dir::open("/"));
    for (const auto& name : text::split(target, '/')) {
        if (name.empty())
            continue;
        if (missing == Missing::make && ::mkdirat(at.fd(), name.c_str(), 0755) != 0 && errno != EEXIST)
            return sys_fail(errno, Errc::mount, "make the folder {} in the container",
                            text::printable(target));
        auto next = at.open_at(name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
        if (!next && next.error().sys_errno == ENOTDIR)
            return fail(Errc::mount, "{} in the container is, or goes through, a symbolic link or a file",
                        text::printable(target));
        if (!next)
            return std::move(next).error();
        at = Dir(*std::move(next));
    }
    Fd copy(::fcntl(at.fd(), F_DUPFD_CLOEXEC, 0));
    return copy;
}

} // namespace

Result<GuestNamespaces> open_guest_namespaces(pid_t pid) {
    GuestNamespaces guest{Fd(::open(format("/proc/{}/ns/user", pid).c_str(), O_RDONLY | O_CLOEXEC)),
                          Fd(::open(format("/proc/{}/ns/mnt", pid).c_str(), O_RDONLY | O_CLOEXEC))};
    if (!guest.user || !guest.mount)
        return sys_fail(errno, Errc::mount, "open the container's namespaces");
    return guest;
}

Result<Fd> open_without_links(const std::string& path) {
    open_how how{};
    how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
    how.resolve = RESOLVE_NO_SYMLINKS;
    Fd fd(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
    if (!fd)
        return sys_fail(errno, Errc::mount, "open {}", text::printable(path));
    return fd;
}

Result<Fd> clone_mount_limited(const Fd& folder, const Fd& userns, const MountLimits& limits) {
    VZ_ASSIGN(Fd tree, open_tree(folder.get(), "", AT_EMPTY_PATH));
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_IDMAP | (limits.read_only ? MOUNT_ATTR_RDONLY : 0U) |
                          (limits.no_suid ? MOUNT_ATTR_NOSUID : 0U) |
                          (limits.no_dev ? MOUNT_ATTR_NODEV : 0U) | (limits.no_exec ? MOUNT_ATTR_NOEXEC : 0U);
    attributes.userns_fd = static_cast<__u64>(userns.get());
    if (::syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0)
        return sys_fail(errno, errno == EINVAL || errno == EPERM ? Errc::kernel_unsuitable : Errc::mount,
                        "map owners (id-mapped mount)");
    return tree;
}

Result<void> attach_in_guest(const GuestNamespaces& guest, const Fd& mount, const std::string& target) {
    VZ_TRY(run_in_child([&]() -> Result<std::string> {
        ::alarm(k_patience);
        VZ_ASSIGN(const auto copy, locked_copy(guest, mount));
        VZ_TRY(become_guest_root(guest));
        VZ_ASSIGN(const auto folder, walk(target, Missing::make));
        if (::syscall(SYS_move_mount, copy.get(), "", folder.get(), "",
                      MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0)
            return sys_fail(errno, Errc::mount, "mount on {} in the container", text::printable(target));
        return std::string();
    }));
    return {};
}

Result<void> detach_in_guest(const GuestNamespaces& guest, const std::string& target) {
    VZ_TRY(run_in_child([&]() -> Result<std::string> {
        ::alarm(k_patience);
        if (::setns(guest.user.get(), CLONE_NEWUSER) != 0)
            return sys_fail(errno, Errc::umount, "enter the container's user namespace");
        VZ_TRY(become_guest_root(guest));
        const auto folder = walk(target, Missing::refuse);
        if (!folder)
            return std::string(); // no such folder: nothing is mounted there
        // "." is the folder just found, whatever the container does to its name meanwhile.
        if (::fchdir(folder->get()) != 0 ||
            (::umount2(".", MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != EINVAL))
            return sys_fail(errno, Errc::umount, "unmount {} in the container", text::printable(target));
        return std::string();
    }));
    return {};
}

} // namespace vz::sys
