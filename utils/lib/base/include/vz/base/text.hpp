// SPDX-License-Identifier: GPL-2.0-or-later
// Small pure functions on text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vz::text {

// Fields between single blanks, tabs and newlines; empty fields are dropped.
std::vector<std::string> words(std::string_view s);
// Fields between `separator`; empty fields are kept; "" gives one empty field.
std::vector<std::string> split(std::string_view s, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view trim(std::string_view s);
std::string lower(std::string_view s);

// The whole of `s` as a decimal number; nothing for "", signs, blanks, other text or overflow.
std::optional<std::uint64_t> to_uint(std::string_view s);

// True if `s` has a control character (bytes 0–31 and 127): such text never enters a configuration.
bool has_control(std::string_view s);
// `s` fit for a terminal or a log line: control characters, C1 bytes and invalid UTF-8 become \xNN, newline
// \n.
std::string printable(std::string_view s);

// `s` matched by shell pattern `pattern` (fnmatch(3), no flags).
bool matches_glob(std::string_view pattern, std::string_view s);

} // namespace vz::text
