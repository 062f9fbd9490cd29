// SPDX-License-Identifier: GPL-2.0-or-later
// Mounts through the kernel's descriptor-based interface: open_tree(2), mount_setattr(2), move_mount(2),
// fsopen(2). A detached mount lives in a descriptor only: if we are killed, it is gone and nothing is left
// behind.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/fd.hpp"
#include "vz/sys/userns.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vz::sys {

// A detached copy of the mount at `path` (of that folder only). Use the descriptor as a folder, or attach it.
Result<Fd> clone_mount(const std::string& path);

// The same with owners mapped: on disk id N, seen through the mount as the host's base + N, so that the
// container, whose user namespace maps back, sees N. Errc::kernel_unsuitable if the file system cannot.
Result<Fd> clone_mount_mapped(const std::string& path, const Fd& userns);

// Maps the owners of a detached mount that is not attached anywhere yet.
Result<void> map_owners(const Fd& mount, const Fd& userns, std::string_view name);

enum class Access { read_write, read_only };
Result<void> set_mount_access(const Fd& mount, Access access);

// A detached mount of a block device's file system. Options without value are flags. Errc::mount carries what
// the kernel says.
struct FilesystemPlan {
    std::string type;   // "ext4"
    std::string device; // "/dev/vg/volume"
    std::vector<std::pair<std::string, std::string>> options;
    Access access = Access::read_write;
};
Result<Fd> make_mount(const FilesystemPlan& plan);

// Options that a mount has of its own, whatever lies on it: ro, nosuid, nodev, noexec, noatime, … and their
// opposites. Not for ids, quotas or what a file system alone knows.
bool is_mount_option(std::string_view option);
// "noatime,nosuid" for the mount at `path`; "" is fine. Errc::mount.
Result<void> set_mount_options(const std::string& path, std::string_view options);
// A detached overlay; `lower` first is topmost. Folders must be reachable in this mount namespace.
struct OverlayPlan {
    std::vector<std::string> lower;
    std::string upper;
    std::string work;
};
Result<Fd> make_overlay(const OverlayPlan& plan);

Result<void> attach_mount(const Fd& mount, const std::string& target);

// All mount points of this mount namespace, parents before children, as often as they are stacked; by
// /proc/self/mountinfo. For many questions: read once, ask often.
std::vector<std::string> mount_points();
bool is_mount_point(const std::string& path); // exactly this path
// All mount points at and below `path`, deepest first, as often as they are stacked.
std::vector<std::string> mounts_below(const std::string& path);

// Unmounts everything at and below `path`, stacked mounts too; lazily what is busy below. Nothing mounted is
// fine.
Result<void> unmount_all(const std::string& path);

} // namespace vz::sys
