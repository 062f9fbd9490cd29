// SPDX-License-Identifier: GPL-2.0-or-later
#include "terminal_type.hpp"

#include <cstdlib>

#include "vz/base/text.hpp"

namespace vz::ops {

std::string terminal_type() {
    constexpr std::size_t longest = 63;
    const char* term = std::getenv("TERM");
    const std::string type = term ? term : "";
    const bool usable = !type.empty() && type.size() <= longest && type[0] != '-' && !text::has_control(type);
    return usable ? type : "linux";
}

} // namespace vz::ops
