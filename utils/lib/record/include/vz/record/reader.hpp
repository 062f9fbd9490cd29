// SPDX-License-Identifier: GPL-2.0-or-later
// Reads the journal, with what logrotate(8) has put aside, compressed with gzip or not.
#pragma once

#include "vz/base/reporter.hpp"
#include "vz/config/host.hpp"
#include "vz/record/entry.hpp"

#include <functional>

namespace vz::record {

// What to show; all conditions must hold.
struct Filter {
    std::vector<std::uint32_t> ctids;  // empty: everything
    std::optional<std::int64_t> since; // milliseconds since 1970, inclusive
    std::optional<std::int64_t> until; // exclusive
    std::string who;                   // user name or number, machine or service; a shell pattern
};
bool matches(const Filter& filter, const Entry& entry);

// "2026-11-23", "2026-11-23 09:30[:15]", with "T" and "Z" as well, "today", "yesterday", or how long ago:
// "90s", "30m", "2h", "7d", "4w". Without "Z" local time. Milliseconds since 1970. Errc::bad_value.
Result<std::int64_t> parse_moment(std::string_view text, std::int64_t now);

// The journal and its rotated files that are there, oldest first; pure part: names in order.
std::vector<std::string> in_order(std::vector<std::string> names);

using Visit = std::function<void(const Entry&)>;

// Calls `visit` for each entry that matches, oldest first. Broken lines are skipped and told to `out`, once a
// file. No journal at all is an empty one. Errc::no_permission.
Result<void> read_journal(const config::HostPaths& paths, const Filter& filter, Reporter& out,
                          const Visit& visit);

// Waits for new entries after the present end and calls `visit` for each that matches, until `stop` says so
// (it is asked a few times a second). A rotated journal is followed into its successor.
Result<void> follow_journal(const config::HostPaths& paths, const Filter& filter, Reporter& out,
                            const Visit& visit, const std::function<bool()>& stop);

} // namespace vz::record
