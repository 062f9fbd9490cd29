// SPDX-License-Identifier: GPL-2.0-or-later
// Sizes and durations as the classic configuration writes them.
#pragma once

#include "vz/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace vz::units {

// LONG_MAX is what the classic tools mean by "unlimited".
inline constexpr std::uint64_t unlimited = 9223372036854775807ULL;

// Bytes of what the parameters named *PAGES count.
inline constexpr std::uint64_t page = 4096;

// Number with an optional suffix B, P (page of 4096), K, M, G, T (powers of 1024, any case, a trailing "b" as
// in "MB" or "MiB" allowed), or "unlimited". `unit` is what a bare number counts in bytes. Result in bytes.
// Errc::bad_value for anything else and for overflow.
Result<std::uint64_t> parse_size(std::string_view s, std::uint64_t unit = 1);

// 1536 -> "1.5K"; "unlimited" for values from `unlimited` up.
std::string human_size(std::uint64_t bytes);

// RFC 3339 in UTC, "2026-11-23T05:00:00Z", of seconds since the epoch.
std::string rfc3339(std::int64_t seconds);

} // namespace vz::units
