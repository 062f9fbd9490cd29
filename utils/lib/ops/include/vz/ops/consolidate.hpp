// SPDX-License-Identifier: GPL-2.0-or-later
// Backups that go on from others become full ones: `vzbackup consolidate`.
#pragma once

#include "vz/backup/depot.hpp"
#include "vz/ops/context.hpp"

#include <chrono>

namespace vz::ops {

// Without touching the container. The id stays; what goes on from the backup still does; archives that
// nothing needs any more go. Nothing is done to one that is full. Errc: locked, no_disk_space, failed: a part
// is damaged or missing, and the backup is what it was.
Result<backup::Head> consolidate(const Context& context, const backup::Depot& depot, const std::string& id,
                                 std::chrono::milliseconds patience);

} // namespace vz::ops
