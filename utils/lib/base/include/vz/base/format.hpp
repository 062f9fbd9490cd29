// SPDX-License-Identifier: GPL-2.0-or-later
// Text formatting behind one name, so that fmt can become std::format when every supported compiler has it.
#pragma once

#include <fmt/core.h>

namespace vz {

using fmt::format;
template<class... Args>
using format_string = fmt::format_string<Args...>;

} // namespace vz
