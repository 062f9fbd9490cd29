// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/base/reporter.hpp"

namespace vz {

Reporter& silent_reporter() {
    static Reporter reporter;
    return reporter;
}

} // namespace vz
