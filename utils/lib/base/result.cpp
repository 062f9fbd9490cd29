// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/base/result.hpp"

#include <cstring>

namespace vz {

Error sys_error(int err, Errc code, std::string text) {
    char buffer[128];
    // The GNU variant of strerror_r(3) returns the text, which need not lie in the buffer.
    return Error{code, err, format("{}: {}", text, strerror_r(err, buffer, sizeof buffer))};
}

} // namespace vz
