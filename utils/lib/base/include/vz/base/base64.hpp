// SPDX-License-Identifier: GPL-2.0-or-later
// Base 64 (RFC 4648, section 4, with padding): bytes of any kind in JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vz {

std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text); // nothing for anything but its own output

} // namespace vz
