// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/limits/devices.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/namespaces.hpp"
#include "vz/sys/process.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace vz::limits {

namespace {

mode_t kind_of(const DeviceNode& node) {
    return node.type == 'c' ? S_IFCHR : S_IFBLK;
}

// Mounts that nobody else sees, and that are gone with us.
Result<void> leave_host_mounts() {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        return sys_fail(errno, Errc::devices, "make a mount namespace");
    return {};
}

// A memory file system; it lasts as long as the container uses what is on it. It has to be attached
// somewhere: before Linux 6.15, nothing can be cloned from a mount that is not.
Result<sys::Dir> make_scratch() {
    const sys::Fd context(static_cast<int>(::syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC)));
    if (!context || ::syscall(SYS_fsconfig, context.get(), FSCONFIG_SET_STRING, "size", "64k", 0) != 0 ||
        ::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
        return sys_fail(errno, Errc::devices, "make a file system for devices");
    const auto flags = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
    sys::Fd mount(static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, flags)));
    constexpr const char* anywhere = "/run";
    if (!mount ||
        ::syscall(SYS_move_mount, mount.get(), "", AT_FDCWD, anywhere, MOVE_MOUNT_F_EMPTY_PATH) != 0)
        return sys_fail(errno, Errc::devices, "make a file system for devices");
    return sys::Dir(std::move(mount));
}

// The node as a mount of one file, not attached to anything yet.
Result<sys::Fd> make_node(const sys::IdRange& ids, const DeviceNode& node) {
    VZ_ASSIGN(const auto scratch, make_scratch());
    constexpr const char* k_name = "node";
    if (::mknodat(scratch.fd(), k_name, kind_of(node) | 0600, node.number) != 0 ||
        ::fchownat(scratch.fd(), k_name, ids.uid_base, ids.gid_base, AT_SYMLINK_NOFOLLOW) != 0 ||
        ::fchmodat(scratch.fd(), k_name, node.mode, 0) != 0)
        return sys_fail(errno, Errc::devices, "make the device {}", node.name);
    sys::Fd tree(static_cast<int>(
        ::syscall(SYS_open_tree, scratch.fd(), k_name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
    if (!tree)
        return sys_fail(errno, Errc::devices, "make the device {}", node.name);
    return tree;
}

// What the node is mounted on: a file of that name in the container's /dev, made if need be.
Result<sys::Fd> open_target(const sys::Dir& root, const std::string& path) {
    if (const auto slash = path.rfind('/'); slash != std::string::npos)
        VZ_TRY(root.make_dirs(path.substr(0, slash)));
    if (auto made = root.open_at(path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_NONBLOCK, 0600);
        !made && made.error().sys_errno != EEXIST)
        return std::move(made).error();
    return root.open_at(path, O_PATH | O_NOFOLLOW);
}

bool is_node(const sys::Fd& fd, const DeviceNode& node) {
    struct stat st {};
    return ::fstat(fd.get(), &st) == 0 && (st.st_mode & S_IFMT) == kind_of(node) &&
           st.st_rdev == node.number && st.st_uid == 0;
}

Result<void> attach(const sys::Fd& tree, const DeviceNode& node) {
    VZ_ASSIGN(const auto root, sys::Dir::open("/"));
    VZ_ASSIGN(const auto target, open_target(root, "dev/" + node.name));
    if (is_node(target, node))
        return {};
    if (::syscall(SYS_move_mount, tree.get(), "", target.get(), "",
                  MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0)
        return sys_fail(errno, Errc::devices, "give the device {} to the container", node.name);
    return {};
}

// From its folder, by its last name: what the container has at /proc is none of ours.
Result<void> detach(const std::string& name) {
    VZ_ASSIGN(const auto root, sys::Dir::open("/"));
    const auto path = "dev/" + name;
    const auto slash = path.rfind('/');
    const auto folder = root.open_at(path.substr(0, slash), O_PATH | O_DIRECTORY);
    if (!folder)
        return {};
    if (::fchdir(folder->get()) != 0 ||
        (::umount2(path.c_str() + slash + 1, MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != EINVAL &&
         errno != ENOENT))
        return sys_fail(errno, Errc::devices, "take the device {} away", name);
    return root.remove(path);
}

Result<void> as_container_root(pid_t init, const std::function<Result<void>()>& work) {
    VZ_ASSIGN(const auto process, sys::open_process(init));
    VZ_TRY(sys::run_in_namespaces(process, CLONE_NEWUSER | CLONE_NEWNS, [&]() -> Result<std::string> {
               VZ_TRY(work());
               return std::string();
           }).as(Errc::devices));
    return {};
}

} // namespace

Result<void> provide_node(pid_t init, const sys::IdRange& ids, const DeviceNode& node) {
    VZ_TRY(sys::run_in_child([&]() -> Result<std::string> {
        VZ_TRY(leave_host_mounts());
        VZ_ASSIGN(const auto tree, make_node(ids, node));
        VZ_TRY(as_container_root(init, [&] { return attach(tree, node); }));
        return std::string();
    }));
    return {};
}

Result<void> remove_node(pid_t init, const std::string& name) {
    return as_container_root(init, [&] { return detach(name); });
}

} // namespace vz::limits
