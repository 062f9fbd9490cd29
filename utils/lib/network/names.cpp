// SPDX-License-Identifier: GPL-2.0-or-later
#include "names.hpp"

#include "vz/base/text.hpp"

#include <algorithm>
#include <cctype>

namespace vz::network {

bool is_plain_name(std::string_view name) {
    return !name.empty() && name.size() <= 15 && name.front() != '-' && name != "." && name != ".." &&
           std::all_of(name.begin(), name.end(), [](unsigned char c) {
               return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.' || c == ':' || c == '@';
           });
}

bool is_mac(std::string_view text) {
    const auto bytes = text::split(text, ':');
    return bytes.size() == 6 && std::all_of(bytes.begin(), bytes.end(), [](const std::string& byte) {
               return byte.size() == 2 && byte.find_first_not_of("0123456789abcdef") == std::string::npos;
           });
}

} // namespace vz::network
