// SPDX-License-Identifier: GPL-2.0-or-later
// Which backups of a container stay. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vz::backup {

// Of the newest backup of each of the last N hours, days, … that have one; a backup stays if any rule wants
// it. Days begin at midnight, weeks on Monday (ISO 8601), all in UTC as the names of backups.
struct Retention {
    std::optional<unsigned> last = {};
    std::optional<unsigned> hourly = {};
    std::optional<unsigned> daily = {};
    std::optional<unsigned> weekly = {};
    std::optional<unsigned> monthly = {};
    std::optional<unsigned> yearly = {};

    bool keeps_all() const { return !last && !hourly && !daily && !weekly && !monthly && !yearly; }
};

struct Dated {
    std::string id;
    std::int64_t time = 0; // seconds since 1970
};

// Those to remove, oldest first. The newest always stays.
std::vector<std::string> to_prune(const Retention& retention, std::vector<Dated> backups);

} // namespace vz::backup
