// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/backup/retention.hpp"

#include <algorithm>
#include <ctime>
#include <set>

namespace vz::backup {

namespace {

// The same number for all times of one period, another for each other one.
using Period = std::int64_t (*)(const std::tm&);

std::int64_t year_of(const std::tm& time) {
    return time.tm_year;
}
std::int64_t month_of(const std::tm& time) {
    return year_of(time) * 12 + time.tm_mon;
}
std::int64_t day_of(const std::tm& time) {
    return year_of(time) * 366 + time.tm_yday;
}
std::int64_t hour_of(const std::tm& time) {
    return day_of(time) * 24 + time.tm_hour;
}
// By the Thursday that is in it: ISO 8601.
std::int64_t week_of(const std::tm& time) {
    auto thursday = time;
    thursday.tm_mday += 4 - (time.tm_wday == 0 ? 7 : time.tm_wday);
    const auto seconds = ::timegm(&thursday);
    return ::gmtime_r(&seconds, &thursday) ? thursday.tm_year * 54 + thursday.tm_yday / 7 : 0;
}

std::int64_t period_of(std::int64_t time, Period period) {
    const auto seconds = static_cast<std::time_t>(time);
    std::tm parts{};
    return ::gmtime_r(&seconds, &parts) ? period(parts) : 0;
}

using Kept = std::set<std::string, std::less<>>;

// `backups`: newest first.
void keep_newest_of_each(const std::vector<Dated>& backups, unsigned periods, Period period, Kept& kept) {
    std::set<std::int64_t> seen;
    for (const auto& backup : backups) {
        const auto now = period_of(backup.time, period);
        if (seen.count(now) > 0)
            continue;
        if (seen.size() == periods)
            return;
        seen.insert(now);
        kept.insert(backup.id);
    }
}

} // namespace

std::vector<std::string> to_prune(const Retention& retention, std::vector<Dated> backups) {
    if (retention.keeps_all() || backups.empty())
        return {};
    std::stable_sort(backups.begin(), backups.end(),
                     [](const Dated& a, const Dated& b) { return a.time > b.time; });
    Kept kept{backups.front().id};
    for (std::size_t i = 0; i < std::min<std::size_t>(retention.last.value_or(0), backups.size()); ++i)
        kept.insert(backups[i].id);
    using Rule = std::pair<std::optional<unsigned>, Period>;
    for (const auto& [periods, period] :
         {Rule{retention.hourly, hour_of}, Rule{retention.daily, day_of}, Rule{retention.weekly, week_of},
          Rule{retention.monthly, month_of}, Rule{retention.yearly, year_of}})
        keep_newest_of_each(backups, periods.value_or(0), period, kept);
    std::vector<std::string> out;
    for (auto backup = backups.rbegin(); backup != backups.rend(); ++backup)
        if (kept.count(backup->id) == 0)
            out.push_back(backup->id);
    return out;
}

} // namespace vz::backup
