// SPDX-License-Identifier: GPL-2.0-or-later
// Subvolumes and their limits (btrfs(5), btrfs-quota(8)), by libbtrfsutil and the kernel's own calls.
#pragma once

#include "vz/storage/storage.hpp"

#include <string>

namespace vz::storage::btrfs {

bool is_on(const std::string& path);        // whether the path is on a btrfs file system
bool is_subvolume(const std::string& path); // whether it is the top of a subvolume; links are not followed

Result<void> create(const std::string& path);
enum class Kind { writable, read_only };
Result<void> snapshot(const std::string& source, const std::string& target, Kind kind);
Result<void> set_read_only(const std::string& path);

// The subvolume and those that were made in it, read-only ones too; absent is fine. Anything but a subvolume
// is an error.
Result<void> remove(const std::string& path);

// Nothing: the file system keeps no account. simple: what each subvolume has written itself; full: all that
// it refers to, which costs every writer.
enum class Accounts { none, simple, full };
Accounts accounts(const std::string& path);

// Bytes that the subvolume's account may reach. Switches simple accounts on if there are none, full ones only
// if limits.insist; says so. Errc::quota_set.
Result<void> set_limit(const std::string& path, const DiskLimits& limits, Reporter& out);

Result<std::optional<DiskUsage>> usage(const std::string& path);

// Switches the accounts of the whole file system on or off. Errc::quota_on, quota_off.
Result<Accounts> enable_accounts(const std::string& path, bool even_full);
Result<void> disable_accounts(const std::string& path);

} // namespace vz::storage::btrfs
