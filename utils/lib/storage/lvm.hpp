// SPDX-License-Identifier: GPL-2.0-or-later
// Logical volumes, by the programs of lvm2 with reports in JSON (lvmreport(7)); and the ext4 in them.
#pragma once

#include "vz/storage/storage.hpp"
#include "vz/sys/mount.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vz::storage::lvm {

struct LogicalVolume {
    std::string name;
    std::uint64_t size = 0; // bytes
    bool open = false;      // somebody has it mounted
};

// Those of the group whose names begin so, sorted. Errc::mount if the group or lvm2 itself is not there.
Result<std::vector<LogicalVolume>> list(const std::string& group, const std::string& prefix);
Result<std::optional<LogicalVolume>> find(const std::string& group, const std::string& name);

std::string device(const std::string& group, const std::string& name);
// Sees to it that the device is there, for a volume that is. Errc::no_private if it is gone.
Result<void> activate(const std::string& group, const std::string& name);

// Errc::no_disk_space, with what to do, when the pool is nearly full: too full for something new.
Result<void> check_pool(const std::string& group, const std::string& pool);
// The same when nothing is left at all: whoever writes now waits, fails, and finds its file system read-only.
Result<void> check_pool_for_writing(const std::string& group, const std::string& pool);

Result<void> create(const std::string& group, const std::string& name, std::uint64_t bytes);
Result<void> create_thin(const std::string& group, const std::string& pool, const std::string& name,
                         std::uint64_t bytes);
Result<void> snapshot(const std::string& group, const std::string& origin, const std::string& name);
Result<void> rename(const std::string& group, const std::string& from, const std::string& to);
Result<void> extend(const std::string& group, const std::string& name, std::uint64_t bytes);
Result<void> reduce(const std::string& group, const std::string& name, std::uint64_t bytes);
Result<void> remove(const std::string& group, const std::vector<LogicalVolume>& volumes);

// ---- the file system in a volume
// ---------------------------------------------------------------------------------

Result<void> make_ext4(const std::string& device);
enum class Discard { no, yes };
Result<sys::Fd> mount_ext4(const std::string& device, sys::Access access, Discard discard);
Result<void> grow_ext4(const sys::Fd& mount, std::uint64_t bytes);        // in use or not
Result<void> shrink_ext4(const std::string& device, std::uint64_t bytes); // not mounted

} // namespace vz::storage::lvm
