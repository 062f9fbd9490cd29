// SPDX-License-Identifier: GPL-2.0-or-later
// A private area on a file system of the host's: a folder in a quota project, or a subvolume on btrfs.
#pragma once

#include "vz/storage/storage.hpp"

#include <chrono>

namespace vz::storage::area {

Result<void> create(const Volume& volume);
Result<void> remove(const Volume& volume);
Result<void> set_limits(const Volume& volume, const DiskLimits& limits, Reporter& out);
Result<std::optional<DiskUsage>> usage(const Volume& volume);

// The folder that the last component of an absolute path is in.
std::string parent_of(const std::string& path);

// How long a volume with a template's files is waited for: another process may unpack a big archive on a slow
// disk.
constexpr auto k_template_patience = std::chrono::minutes(30);

// What to say about DISKINODES on btrfs.
Error no_inode_limit();

// Snapshots are named by uuids: Errc::bad_value for anything else, so that no name leads elsewhere.
Result<void> check_snapshot_id(const std::string& id);
// The snapshots in a folder that holds one entry each; no folder, no snapshots.
Result<std::vector<std::string>> list_snapshots(const std::string& folder);

} // namespace vz::storage::area
