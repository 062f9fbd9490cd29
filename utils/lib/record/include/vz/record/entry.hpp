// SPDX-License-Identifier: GPL-2.0-or-later
// One line of the journal: who did what, when, from where, and how it ended. Pure; no files.
#pragma once

#include "vz/base/json.hpp"
#include "vz/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vz::record {

struct Who {
    std::optional<std::uint32_t> uid; // who logged in, not what they became by sudo(8)
    std::string user;                 // name of that, if there is one
    std::string tty;                  // "pts/0"
    std::string from;                 // address or name of the machine they came from
    std::string service;              // "vz.service", for what no person typed
};

struct Entry {
    std::int64_t time = 0; // of the beginning, milliseconds since 1970 in UTC
    std::optional<double> seconds;
    std::optional<std::uint32_t> ctid;
    Who who;
    std::vector<std::string> command; // program and words, without secrets; empty for a note
    std::string note;                 // an administrator's own words
    int status = 0;                   // exit status
    std::string error;                // why it failed
};

// One JSON object and a line end. Long words and texts are cut, so that a line stays below k_longest_line;
// control characters are escaped.
constexpr std::size_t k_longest_line = 16 << 10;
std::string to_line(const Entry& entry);
Json to_json(const Entry& entry);

// The line back, without its end. Foreign bytes: Errc::bad_value for anything that to_line() would not write.
Result<Entry> parse_line(std::string_view line);

// Time of day in UTC as RFC 3339 has it, "2026-11-23T09:00:00.123Z", and back.
std::string utc_text(std::int64_t time);
std::optional<std::int64_t> parse_utc(std::string_view text);

// The words of a command fit for a record: passwords of --userpasswd and of URLs are replaced by "***".
std::vector<std::string> without_secrets(std::vector<std::string> words);

// For people and the system log: "vzctl set 101 --description 'a b'", or "note: text"; then, after a failure,
// " # why". On one line, with control characters escaped.
std::string what_text(const Entry& entry);
// "anna", "1000", or "-" if nobody is known; and where they sat: machine, terminal or service.
std::string who_text(const Who& who);
std::string where_text(const Who& who);

} // namespace vz::record
