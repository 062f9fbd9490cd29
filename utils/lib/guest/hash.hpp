// SPDX-License-Identifier: GPL-2.0-or-later
// Hashing a password for a guest with crypt(3).
#pragma once

#include "vz/base/result.hpp"

#include <string>
#include <string_view>

namespace vz::guest {

// A crypt(5) hash with a fresh salt; `prefix` names the method.
Result<std::string> hash_password(const std::string& password, std::string_view prefix);

} // namespace vz::guest
