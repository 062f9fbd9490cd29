// SPDX-License-Identifier: GPL-2.0-or-later
// What differs between backups, or between a backup and its container: `vzbackup diff`.
#pragma once

#include "vz/backup/depot.hpp"
#include "vz/backup/view.hpp"
#include "vz/ops/context.hpp"

#include <string>
#include <vector>

namespace vz::ops {

// From one backup to another. Errc::failed: a part that it takes is damaged or missing.
Result<std::vector<backup::Difference>> diff_backups(const Context& context, const backup::Depot& depot,
                                                     const std::string& before, const std::string& after);

// From a backup to the container of its CTID as it is now, which may be running: its files are then of
// several moments. Errc: no_config, no_private … as well.
Result<std::vector<backup::Difference>> diff_with_now(const Context& context, const backup::Depot& depot,
                                                      const std::string& id);

} // namespace vz::ops
