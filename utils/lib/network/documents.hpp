// SPDX-License-Identifier: GPL-2.0-or-later
// What ip(8) prints with -j, taken apart.
#pragma once

#include "vz/network/plan.hpp"

namespace vz::network {

// All objects of one `ip -j -batch`, in order: each document is a list on a line.
Result<std::vector<Json>> objects_of(std::string_view output);

bool has_flag(const Json& object, std::string_view key, std::string_view flag);
unsigned small_number(const Json& object, std::string_view key); // 0 if absent
std::optional<Subnet> parse_subnet(const Json& info);

} // namespace vz::network
