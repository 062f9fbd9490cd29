// SPDX-License-Identifier: GPL-2.0-or-later
// What the host has that limits refer to: processors, memory nodes, and the disks below a folder.
#pragma once

#include "vz/limits/limits.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vz::limits {

// Processors and nodes that are online, and the disks that carry `folders`. Disks are looked for only if
// folders are named. What cannot be found out is left out.
Facts read_facts(const std::vector<std::string>& folders);

// The source ("/dev/vda1") of the mount that holds `path`, from the text of /proc/self/mountinfo; pure.
std::optional<std::string> mount_source(std::string_view mountinfo, std::string_view path);

// "MAJOR:MINOR" of the whole disks that carry a folder: the disk of a partition, all disks of a btrfs, the
// topmost device of a stack (a logical volume, a RAID). Nothing for file systems without a disk.
std::vector<std::string> disks_below(const std::string& folder);

} // namespace vz::limits
