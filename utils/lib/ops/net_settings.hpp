// SPDX-License-Identifier: GPL-2.0-or-later
// What `vzctl set` changes about bridged interfaces and devices of the host: from options to NETIF and
// NETDEV.
#pragma once

#include "vz/network/netif.hpp"
#include "vz/ops/set.hpp"

#include <vector>

namespace vz::ops {

// NETIF and NETDEV as they will be are appended to `request.changes`; addresses given together with --ifname
// are that interface's and leave `request.ip_add` and `ip_del`, and come back as what must be free.
// Errc::bad_syntax, bad_value, veth, net_device.
Result<std::vector<std::string>> plan_interfaces(const Context& context, const config::Container& container,
                                                 SetRequest& request);

// FIREWALL and its policy as `request.firewall` wants them are appended to `request.changes`.
// Errc::bad_value.
Result<void> plan_firewall(const config::Container& container, SetRequest& request);

} // namespace vz::ops
