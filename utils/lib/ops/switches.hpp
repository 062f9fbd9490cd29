// SPDX-License-Identifier: GPL-2.0-or-later
// Values like "nfs:on sit:off" (FEATURES, CAPABILITY), to which each call of vzctl adds; pure.
#pragma once

#include "vz/base/result.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vz::ops {

// Name and whether it is on, in order; between blanks or commas. What is not "NAME:on" or "NAME:off" is left
// out.
std::vector<std::pair<std::string, bool>> parse_switches(std::string_view value);

// What a user wrote, as words between blanks. `accept` may rewrite the name; false makes it Errc::bad_value.
Result<std::string> switch_words(std::string_view text, const std::function<bool(std::string&)>& accept);

// `changes` put over `old`: a name that is there changes in its place, a new one goes last.
Result<std::string> merge_switches(std::string_view old, std::string_view changes);

} // namespace vz::ops
