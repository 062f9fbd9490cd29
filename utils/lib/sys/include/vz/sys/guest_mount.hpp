// SPDX-License-Identifier: GPL-2.0-or-later
// Mounts for the inside of a running container: made detached, restricted for good, and moved into its mount
// namespace by descriptors. mount_namespaces(7), user_namespaces(7), move_mount(2), mount_setattr(2).
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/fd.hpp"

#include <string>
#include <sys/types.h>

namespace vz::sys {

// Namespaces of a process, opened once: they stay the same ones whatever becomes of the process.
struct GuestNamespaces {
    Fd user;
    Fd mount;
};
Result<GuestNamespaces> open_guest_namespaces(pid_t pid);

// Opens a folder of the host that others may write near: no symbolic link in the whole path is followed, so
// nobody can lead us elsewhere. Errc::mount; sys_errno ELOOP if there is a link.
Result<Fd> open_without_links(const std::string& path);

struct MountLimits {
    bool read_only = false;
    bool no_suid = true;
    bool no_dev = true;
    bool no_exec = false;
};
// A detached copy of the mount of that folder, restricted, with owners mapped as clone_mount_mapped() does.
Result<Fd> clone_mount_limited(const Fd& folder, const Fd& userns, const MountLimits& limits);

// Moves a detached mount to `target` in the container. The folder is made as the container's root if it is
// missing; a symbolic link on the way is refused. The container's root can unmount it, but not lift its
// limits: they are locked by the way it gets there.
Result<void> attach_in_guest(const GuestNamespaces& guest, const Fd& mount, const std::string& target);

// Unmounts what is on top of `target` in the container; nothing there is fine. What is in use stays until it
// is let go.
Result<void> detach_in_guest(const GuestNamespaces& guest, const std::string& target);

} // namespace vz::sys
