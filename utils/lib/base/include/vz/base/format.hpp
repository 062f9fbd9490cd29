// SPDX-License-Identifier: GPL-2.0-or-later
// Text formatting behind one name, so that fmt can become std::format when every supported compiler has it.
#pragma once

#include <fmt/core.h>

#include <string>
#include <utility>

namespace vz {

template<class... Args>
using format_string = fmt::format_string<Args...>;

// An object, not a function: arguments of namespace std would otherwise bring std::format into the choice.
struct Format {
    template<class... Args>
    std::string operator()(format_string<Args...> text, Args&&... args) const {
        return fmt::format(text, std::forward<Args>(args)...);
    }
};
inline constexpr Format format{};

} // namespace vz
