// SPDX-License-Identifier: GPL-2.0-or-later
// Project quotas of ext4 and xfs (quotactl_fd(2), ioctl_xfs_fsgetxattr(2)): a folder and all that is made in
// it belong to a project, and the project has limits. A container cannot leave its project: only the host
// may.
#pragma once

#include "vz/storage/storage.hpp"

#include <string>

namespace vz::storage::project {

// The project of a container. Far from the numbers that people and other tools give.
std::uint32_t id_of(std::uint32_t number);

// The project of ours that a folder is in.
std::optional<std::uint32_t> of(const std::string& folder);

// Puts a new, empty folder into the project, if the file system knows projects (else nothing happens). From
// then on everything made in it belongs to it.
void adopt(const std::string& folder, std::uint32_t project);

// Takes a folder with all that is in it out of a project. What cannot be opened without a risk (links, FIFOs,
// devices) stays in it: it takes no room worth counting.
void release(const std::string& folder, std::uint32_t project);

// Errc::quota_set, with what to do, if the file system has no project quotas; Errc::quota_init if the folder
// is in none of our projects.
Result<void> set_limits(const std::string& folder, const DiskLimits& limits, Reporter& out);

// Nothing: no project quotas here, or the folder is in none of our projects.
Result<std::optional<DiskUsage>> usage(const std::string& folder);

} // namespace vz::storage::project
