// SPDX-License-Identifier: GPL-2.0-or-later
// What is in regular files, for copies of trees.
#pragma once

#include "vz/base/result.hpp"

#include <string_view>
#include <sys/types.h>

namespace vz::sys {

// Errc::no_disk_space where there is none left.
Error copy_error(int err, std::string_view call, std::string_view path);

// Holes stay holes. A source that became shorter meanwhile ends with zeros.
Result<void> copy_data(int from, int to, off_t size);

} // namespace vz::sys
