// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/guest/cron.hpp"

#include "vz/base/text.hpp"
#include "vz/guest/text_file.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace vz::guest {

namespace {

enum Field { minute, hour, day_of_month, month, day_of_week, user, k_fields };

// FNV-1a: only to scatter, nobody is to be surprised.
std::uint32_t scattered(std::string_view seed, std::string_view job, Field field) {
    std::uint32_t hash = 2166136261;
    for (const char c : format("{} {} {}", seed, job, static_cast<int>(field)))
        hash = (hash ^ static_cast<unsigned char>(c)) * 16777619;
    return hash ^ (hash >> 16);
}

std::string_view job_of(std::string_view line) {
    constexpr std::array k_jobs{"/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly",
                                "/etc/cron.monthly"};
    if (line.find("run-parts") == std::string_view::npos ||
        line.find("VZCTL_POSTCREATE_SKIP") != std::string_view::npos)
        return {};
    for (const std::string_view job : k_jobs)
        if (line.find(job) != std::string_view::npos)
            return job;
    return {};
}

bool is_number(std::string_view field) {
    return text::to_uint(field).has_value();
}

// User and command, as they are written; nothing if others than crontab(5)'s blanks are between the fields.
std::string_view after_times(std::string_view line) {
    constexpr std::string_view k_blank = " \t";
    std::size_t at = line.find_first_not_of(k_blank);
    for (int field = minute; field < user; ++field)
        at = line.find_first_not_of(k_blank, line.find_first_of(k_blank, at));
    return at == std::string_view::npos ? std::string_view() : line.substr(at);
}

std::string spread_line(const std::string& line, std::string_view seed) {
    const auto job = job_of(line);
    const auto command = after_times(line);
    auto fields = text::words(line);
    if (job.empty() || command.empty() || fields.size() <= k_fields || !is_number(fields[minute]))
        return line;
    const auto choose = [&](Field field, std::uint32_t first, std::uint32_t count) {
        if (is_number(fields[field]))
            fields[field] = std::to_string(first + scattered(seed, job, field) % count);
    };
    choose(minute, 0, 60);
    choose(hour, 1, 6);
    choose(day_of_month, 1, 28);
    choose(day_of_week, 0, 7);
    return format("{} {}\t{} {} {}\t{}", fields[minute], fields[hour], fields[day_of_month], fields[month],
                  fields[day_of_week], command);
}

} // namespace

std::string spread_cron_times(std::string_view crontab, std::string_view seed) {
    auto lines = text::split(crontab, '\n');
    for (auto& line : lines)
        line = spread_line(line, seed);
    return text::join(lines, "\n");
}

Result<void> spread_cron_jobs(const sys::Dir& root, std::string_view seed) {
    VZ_ASSIGN(const auto st, root.stat_following("etc/crontab"));
    if (!st)
        return {};
    VZ_TRY(edit_text_file(
        root, {"etc", "crontab"}, [&](std::string_view content) { return spread_cron_times(content, seed); },
        false));
    return {};
}

} // namespace vz::guest
