// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/sys/installed.hpp"

#include "vz/base/build.hpp"
#include "vz/base/format.hpp"

#include <cstdlib>

namespace vz::sys {

namespace {

std::string below(const char* variable, const char* folder, std::string_view path) {
    const char* value = ::secure_getenv(variable);
    return format("{}/{}", value ? value : folder, path);
}

} // namespace

std::string installed_program(std::string_view name) {
    return below("VZ_LIBEXEC_DIR", VZ_LIBEXEC_DIR, name);
}

std::string installed_data(std::string_view path) {
    return below("VZ_DATA_DIR", VZ_DATA_DIR, path);
}

} // namespace vz::sys
