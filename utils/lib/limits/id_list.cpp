// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/limits/id_list.hpp"

#include "vz/base/text.hpp"

#include <algorithm>
#include <optional>

namespace vz::limits {

namespace {

constexpr std::uint64_t k_largest = 65535;

std::optional<std::uint32_t> number(std::string_view text) {
    const auto n = text::to_uint(text);
    return n && *n <= k_largest ? std::optional(static_cast<std::uint32_t>(*n)) : std::nullopt;
}

} // namespace

Result<IdList> IdList::parse(std::string_view text) {
    std::vector<Range> ranges;
    for (const auto& part : text::split(text::trim(text), ',')) {
        const auto dash = part.find('-');
        const auto first = number(std::string_view(part).substr(0, dash));
        const auto last = dash == std::string::npos ? first : number(std::string_view(part).substr(dash + 1));
        if (!first || !last || *last < *first)
            return fail(Errc::bad_value, "not a list like 0,3,5-7: {}", text::printable(text));
        ranges.emplace_back(*first, *last);
    }
    return normal(std::move(ranges));
}

IdList IdList::normal(std::vector<Range> ranges) {
    std::sort(ranges.begin(), ranges.end());
    IdList list;
    for (const auto& range : ranges) {
        if (!list.m_ranges.empty() && range.first <= list.m_ranges.back().second + 1)
            list.m_ranges.back().second = std::max(list.m_ranges.back().second, range.second);
        else
            list.m_ranges.push_back(range);
    }
    return list;
}

bool IdList::contains(std::uint32_t id) const {
    return std::any_of(m_ranges.begin(), m_ranges.end(),
                       [&](const Range& range) { return range.first <= id && id <= range.second; });
}

IdList IdList::intersected(const IdList& other) const {
    std::vector<Range> common;
    for (const auto& a : m_ranges)
        for (const auto& b : other.m_ranges)
            if (std::max(a.first, b.first) <= std::min(a.second, b.second))
                common.emplace_back(std::max(a.first, b.first), std::min(a.second, b.second));
    return normal(std::move(common));
}

IdList IdList::united(const IdList& other) const {
    auto all = m_ranges;
    all.insert(all.end(), other.m_ranges.begin(), other.m_ranges.end());
    return normal(std::move(all));
}

std::vector<std::uint32_t> IdList::ids() const {
    std::vector<std::uint32_t> all;
    for (const auto& range : m_ranges)
        for (auto id = range.first; id <= range.second; ++id)
            all.push_back(id);
    return all;
}

std::string IdList::text() const {
    std::vector<std::string> parts;
    for (const auto& range : m_ranges)
        parts.push_back(range.first == range.second ? std::to_string(range.first)
                                                    : format("{}-{}", range.first, range.second));
    return text::join(parts, ",");
}

} // namespace vz::limits
