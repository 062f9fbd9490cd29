// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/config/ctid.hpp"

#include "vz/base/text.hpp"

#include <algorithm>

namespace vz::config {

std::optional<Ctid> Ctid::parse(std::string_view s) {
    const auto number = text::to_uint(s);
    // "0101" might be meant as octal, or as a name: nobody's container.
    if (!number || *number > k_max || (s.size() > 1 && s.front() == '0'))
        return std::nullopt;
    return Ctid(static_cast<std::uint32_t>(*number));
}

bool is_valid_name(std::string_view name) {
    constexpr std::string_view k_allowed =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -+_.";
    const bool fits = !name.empty() && name.size() <= 64 && name.find_first_not_of(k_allowed) == name.npos;
    const bool is_number = std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
    return fits && !is_number && name != "." && name != ".." && name.front() != ' ' && name.back() != ' ' &&
           name.front() != '-';
}

} // namespace vz::config
