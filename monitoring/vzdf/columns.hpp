// SPDX-License-Identifier: GPL-2.0-or-later
// The columns of vzdf.
#pragma once

#include "vz/cli/table.hpp"
#include "vz/monitoring/disk.hpp"

#include <vector>

namespace vz::vzdf {

using Column = cli::Column<monitoring::DiskUse>;

std::vector<Column> all_columns();
std::string_view default_columns(monitoring::Count count);

} // namespace vz::vzdf
