// SPDX-License-Identifier: GPL-2.0-or-later
// The pure part of identity.hpp: old text of a file and valid values in, new text out.
#pragma once

#include "vz/guest/identity.hpp"

namespace vz::guest {

std::string short_name(std::string_view hostname);

// hosts(5). Idempotent. `addresses` without prefix lengths.
std::string edit_hosts(std::string_view old, std::string_view hostname,
                       const std::vector<std::string>& addresses);

// resolv.conf(5). Idempotent.
std::string edit_resolver(std::string_view old, const std::vector<std::string>& nameservers,
                          const std::vector<std::string>& search_domains, Empty empty);

} // namespace vz::guest
