// SPDX-License-Identifier: GPL-2.0-or-later
// Lists of processors or memory nodes as the kernel writes them, "0,3,5-100" (cpuset(7), "List format").
#pragma once

#include "vz/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vz::limits {

class IdList {
public:
    // Numbers up to 65535 and ranges of them between commas. Errc::bad_value for anything else, also for "".
    static Result<IdList> parse(std::string_view text);

    bool empty() const { return m_ranges.empty(); }
    bool contains(std::uint32_t id) const;
    IdList intersected(const IdList& other) const;
    IdList united(const IdList& other) const;
    std::vector<std::uint32_t> ids() const;
    std::string text() const; // sorted, without overlaps: "0,3,5-100"

    bool operator==(const IdList&) const = default;

private:
    using Range = std::pair<std::uint32_t, std::uint32_t>; // first and last
    static IdList normal(std::vector<Range> ranges);

    std::vector<Range> m_ranges; // ascending, apart
};

} // namespace vz::limits
