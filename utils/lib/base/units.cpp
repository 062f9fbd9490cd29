// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/base/units.hpp"

#include "vz/base/text.hpp"

#include <array>
#include <ctime>
#include <optional>

namespace vz::units {

namespace {

std::optional<std::uint64_t> suffix_factor(std::string_view suffix, std::uint64_t unit) {
    if (suffix.empty())
        return unit;
    const std::string rest = text::lower(suffix.substr(1));
    if (!rest.empty() && rest != "b" && rest != "ib")
        return std::nullopt;
    switch (text::lower(suffix.substr(0, 1))[0]) {
    case 'b':
        return rest.empty() ? std::optional<std::uint64_t>(1) : std::nullopt;
    case 'p':
        return rest.empty() ? std::optional(page) : std::nullopt;
    case 'k':
        return 1ULL << 10;
    case 'm':
        return 1ULL << 20;
    case 'g':
        return 1ULL << 30;
    case 't':
        return 1ULL << 40;
    default:
        return std::nullopt;
    }
}

// Digits with an optional fraction, times factor, without floating point: at most six digits after the dot,
// so that fraction * factor (at most 10^6 * 2^40) cannot overflow.
std::optional<std::uint64_t> scaled(std::string_view number, std::uint64_t factor) {
    const auto dot = number.find('.');
    const auto whole = text::to_uint(number.substr(0, dot));
    if (!whole)
        return std::nullopt;
    if (*whole > unlimited / factor)
        return std::nullopt;
    std::uint64_t value = *whole * factor;
    if (dot == std::string_view::npos)
        return value;
    const auto digits = number.substr(dot + 1);
    const auto fraction = digits.size() <= 6 ? text::to_uint(digits) : std::nullopt;
    if (!fraction)
        return std::nullopt;
    std::uint64_t power = 1;
    for (std::size_t i = 0; i < digits.size(); ++i)
        power *= 10;
    return value + *fraction * factor / power;
}

} // namespace

Result<std::uint64_t> parse_size(std::string_view s, std::uint64_t unit) {
    if (text::lower(s) == "unlimited")
        return unlimited;
    const auto end = s.find_first_not_of("0123456789.");
    const auto number = s.substr(0, end);
    const auto suffix = end == std::string_view::npos ? std::string_view{} : s.substr(end);
    if (const auto factor = suffix_factor(suffix, unit))
        if (const auto value = scaled(number, *factor))
            return *value;
    return fail(Errc::bad_value, "not a size: {}", text::printable(s));
}

std::string human_size(std::uint64_t bytes) {
    if (bytes >= unlimited)
        return "unlimited";
    constexpr std::array<const char*, 6> names{"", "K", "M", "G", "T", "P"};
    double value = static_cast<double>(bytes);
    std::size_t i = 0;
    for (; value >= 1024 && i + 1 < names.size(); ++i)
        value /= 1024;
    return i == 0 || value >= 100 ? format("{:.0f}{}", value, names[i]) : format("{:.1f}{}", value, names[i]);
}

std::string rfc3339(std::int64_t seconds) {
    const std::time_t t = seconds;
    std::tm tm{};
    gmtime_r(&t, &tm);
    char buffer[40];
    const auto length = std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return std::string(buffer, length);
}

} // namespace vz::units
