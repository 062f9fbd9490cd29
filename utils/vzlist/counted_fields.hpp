// SPDX-License-Identifier: GPL-2.0-or-later
// The fields with what a container holds, may have and was refused: each of several columns in a line, and
// one object in JSON.
#pragma once

#include "fields.hpp"

namespace vz::vzlist {

// The classic resources, in the classic order.
void add_resources(std::vector<Field>& out);
// `key`: "soft:hard" of NUM.conf, counted in `unit`s of bytes or files.
void add_disk(std::vector<Field>& out, const std::string& name, const std::string& header,
              std::string_view key, std::uint64_t unit);

} // namespace vz::vzlist
