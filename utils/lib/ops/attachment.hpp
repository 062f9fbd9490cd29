// SPDX-License-Identifier: GPL-2.0-or-later
// The whole network of a container in the terms of the network module, made and taken away by one path: at
// start, on a live change, after a reboot from inside.
#pragma once

#include "vz/guest/interfaces.hpp"
#include "vz/network/bridged.hpp"
#include "vz/ops/context.hpp"

#include <sys/types.h>
#include <vector>

namespace vz::ops {

// NETIF, NETDEV and FIREWALL of NUM.conf. A container must not run without the rules that were asked for, so
// what does not parse is an error: Errc::veth, net_device, bad_config.
Result<network::Attachment> attachment_of(const config::Container& container);

Result<std::vector<network::Netif>> netifs_of(const config::Container& container);
Result<network::Firewall> firewall_of(const config::Container& container);

// The addresses of the bridged interfaces; nothing where NETIF is broken.
std::vector<network::Address> netif_addresses(const config::Container& container);

// How the guest's own files are to speak of them.
std::vector<guest::Interface> guest_interfaces(const config::Container& container);

enum class Parts { all, not_routed };

// `init`: the container's. `before`: its bridged interfaces until now, on a live change.
Result<void> bring_network_up(const config::Host& host, const config::Container& container, pid_t init,
                              Parts parts, const std::vector<network::Netif>& before, Reporter& out);

// Host-side remains of the network; what fails is told.
void take_network_down(const config::Host& host, config::Ctid ctid, Reporter& out);

// Tells the neighbours of the host where its addresses are now.
void announce_addresses(const Context& context, const config::Container& container);

std::string network_state_dir(const config::Host& host);

} // namespace vz::ops
