// SPDX-License-Identifier: GPL-2.0-or-later
// Times as text. Seconds since 1970.
#pragma once

#include <cstdint>
#include <string>

namespace vz::text {

std::string utc_time(std::int64_t seconds);   // RFC 3339: "2026-01-31T23:15:00Z"
std::string local_time(std::int64_t seconds); // of this host, for people: "2026-01-31 23:15:00"

} // namespace vz::text
