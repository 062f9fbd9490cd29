// SPDX-License-Identifier: GPL-2.0-or-later
// Where the packages put what our tools need at run time. A build folder's own takes its place where the
// environment names one in VZ_LIBEXEC_DIR or VZ_DATA_DIR: that is for tests, and is ignored with raised
// privileges.
#pragma once

#include <string>
#include <string_view>

namespace vz::sys {

std::string installed_program(std::string_view name); // one that our tools start, and people never do
std::string installed_data(std::string_view path);

} // namespace vz::sys
