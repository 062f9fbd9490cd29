// SPDX-License-Identifier: GPL-2.0-or-later
// What users write for limits and rights, checked and as it goes into NUM.conf; pure but for the number of
// processors. All: Errc::bad_value.
#pragma once

#include "vz/base/result.hpp"

#include <string>
#include <string_view>

namespace vz::ops {

// 100 = one CPU, 0 no limit; "N%" up to 100%: that part of all processors of this host.
Result<std::string> cpu_limit_value(std::string_view s);
// "0,3,5-100", "all", and, with `auto_too`, "auto".
Result<std::string> cpu_mask_value(std::string_view s);
Result<std::string> node_mask_value(std::string_view s);
// Bytes per second; a bare number counts megabytes. At most 2^31-1, as the classic tools had it.
Result<std::string> io_limit_value(std::string_view s);
Result<std::string> meminfo_value(std::string_view s);    // "none", "pages:N", "privvmpages:N"
Result<std::string> overcommit_value(std::string_view s); // a factor, "1.5"
Result<std::string> netfilter_value(std::string_view s);  // disabled, stateless, stateful, full
Result<std::string> mount_options_value(std::string_view s);

} // namespace vz::ops
