// SPDX-License-Identifier: GPL-2.0-or-later
// Unpredictable names and identifiers, from getrandom(2).
#pragma once

#include <cstddef>
#include <string>

namespace vz::sys {

std::string random_bytes(std::size_t count);
std::string random_hex(std::size_t bytes); // two digits a byte
std::string random_uuid();                 // version 4, lower case, no braces

} // namespace vz::sys
