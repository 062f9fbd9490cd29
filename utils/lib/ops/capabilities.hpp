// SPDX-License-Identifier: GPL-2.0-or-later
// The key CAPABILITY, "sys_time:on net_raw:off": rights of the container's root inside its own namespaces.
#pragma once

#include "vz/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vz::ops {

// "NAME:on,NAME:off" as words between blanks, in lower case and without "cap_". Errc::bad_value. Rights of
// the OpenVZ kernel that Linux never had (ve_admin) are accepted.
Result<std::string> capability_words(std::string_view text);

// What is to be dropped: what no container has, unless it is on, and what is off; sorted. Words that are no
// capability are left out. Pure.
std::vector<std::string> dropped_capabilities(std::string_view value);

// Errc::capability if the running kernel, whose last capability has this number, knows less than `value`
// switches on; pure.
Result<void> check_capabilities(std::string_view value, unsigned last);
// The kernel's last capability, or the last that we know.
unsigned last_capability();

} // namespace vz::ops
