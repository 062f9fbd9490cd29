// SPDX-License-Identifier: GPL-2.0-or-later
// The columns of vzhistory.
#pragma once

#include "vz/cli/table.hpp"
#include "vz/record/entry.hpp"

#include <vector>

namespace vz::vzhistory {

using Column = cli::Column<record::Entry>;

std::vector<Column> all_columns();
constexpr const char* k_default_columns = "time,ctid,who,where,status,what";

} // namespace vz::vzhistory
