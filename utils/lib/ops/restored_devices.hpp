// SPDX-License-Identifier: GPL-2.0-or-later
// Device nodes of a backup: only the host's root can make them.
#pragma once

#include "vz/backup/entry.hpp"
#include "vz/storage/storage.hpp"

#include <vector>

namespace vz::ops {

// Devices, and hard links to earlier ones among them. Times of their folders stay.
Result<void> make_devices(const storage::Files& files, const std::vector<backup::Entry>& entries);

} // namespace vz::ops
