// SPDX-License-Identifier: GPL-2.0-or-later
// What mmdebstrap(1) and its apt wrote before they failed, as one line that says what to do next.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vz::templates {

// Suites whose package lists were not those that their signed Release files announce: a mirror that is being
// updated, or a cache that mixes two of its states. In the order they appear.
std::vector<std::string> mismatched_suites(std::string_view apt_output);

// Fit for a message, whatever the output holds.
std::string explain_failure(int status, std::string_view apt_output);

} // namespace vz::templates
