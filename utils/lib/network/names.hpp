// SPDX-License-Identifier: GPL-2.0-or-later
// Names of devices and MAC addresses that may be written into a batch of ip(8) or a rule of nft(8).
#pragma once

#include <string_view>

namespace vz::network {

// Of a device; the kernel allows more (quotes, "*"), nobody uses it.
bool is_plain_name(std::string_view name);

bool is_mac(std::string_view text); // six pairs of lower case hexadecimal digits, with colons

} // namespace vz::network
