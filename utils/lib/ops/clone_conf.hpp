// SPDX-License-Identifier: GPL-2.0-or-later
// The configuration of a copy: what makes the source that very container is left out. Pure.
#pragma once

#include "vz/config/conf_file.hpp"

#include <string>

namespace vz::ops {

// Without identity (name, host name, addresses, ids, uuid, MAC addresses), without its place in the host's
// boot (two of a kind must not start by surprise), and without the comment in which libvirt keeps its own
// uuid. VE_ROOT and VE_PRIVATE stay if they follow the CTID.
Result<config::ConfFile> conf_for_clone(const config::ConfFile& source);

// NETIF without what only one container of the host can have: MAC addresses, names on the host, addresses.
std::string without_addresses(const std::string& netif);

} // namespace vz::ops
