// SPDX-License-Identifier: GPL-2.0-or-later
// How a digest looks; computing one is vz/archive/digest.hpp.
#pragma once

#include <string_view>

namespace vz::text {

// 64 digits, lower case.
inline bool is_sha256(std::string_view text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

} // namespace vz::text
