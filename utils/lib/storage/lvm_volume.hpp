// SPDX-License-Identifier: GPL-2.0-or-later
// A logical volume with the ext4 of a container or a template in it: made, filled, mounted and resized.
#pragma once

#include "lvm.hpp"

namespace vz::storage::lvm_volume {

enum class Kind { thick, thin };

constexpr std::uint64_t k_slack = 16 << 20; // sizes are rounded up to whole extents

std::uint64_t size_of(const Volume& volume); // of a new one: bytes, the layout's default if none are given

Result<void> make(Kind kind, const Volume& volume, const std::string& name, std::uint64_t bytes);
// On disk on return. An empty `with` leaves it empty.
Result<void> fill(Kind kind, const Volume& volume, const std::string& name, const Fill& with);
Result<void> remove_if_there(const Volume& volume, const std::string& name);

// Detached, with the owners of the disk: the container's own ids.
Result<sys::Fd> mount_raw(Kind kind, const Volume& volume, const std::string& name, sys::Access access);

// The file system as large as its volume; in use or not.
Result<void> grow_into(Kind kind, const Volume& volume, const std::string& name);
Result<void> resize(Kind kind, const Volume& volume, const std::string& name, const DiskLimits& limits);

} // namespace vz::storage::lvm_volume
