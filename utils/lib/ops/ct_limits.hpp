// SPDX-License-Identifier: GPL-2.0-or-later
// From the keys of NUM.conf to limits for the kernel; pure.
#pragma once

#include "vz/base/reporter.hpp"
#include "vz/config/container.hpp"
#include "vz/limits/limits.hpp"

namespace vz::ops {

// A key whose value cannot be read is told to `out` and limits nothing.
limits::Limits limits_of(const config::Container& container, Reporter& out);

} // namespace vz::ops
