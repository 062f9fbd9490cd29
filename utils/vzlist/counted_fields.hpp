// SPDX-License-Identifier: GPL-2.0-or-later
// The fields with what a container holds, may have and was refused: each of several columns in a line, and
// one object in JSON.
#pragma once

#include "fields.hpp"

namespace vz::vzlist {

// The classic resources, in the classic order.
void add_resources(std::vector<Field>& out);

// diskspace, in units of 1024 bytes, and diskinodes.
void add_disk(std::vector<Field>& out);

} // namespace vz::vzlist
