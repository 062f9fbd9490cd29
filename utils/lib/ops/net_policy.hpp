// SPDX-License-Identifier: GPL-2.0-or-later
// From vz.conf and NUM.conf to the network module's terms.
#pragma once

#include "vz/base/reporter.hpp"
#include "vz/config/container.hpp"
#include "vz/network/routed.hpp"

#include <string>
#include <vector>

namespace vz::ops {

// Bad values of vz.conf are told to `out` and left at their defaults.
network::Policy network_policy(const config::Host& host, Reporter& out);

network::Probe probe_policy(const config::Host& host);

// The addresses of NUM.conf; what does not parse is told to `out` and left out.
std::vector<network::Address> configured_addresses(const config::Container& container, Reporter& out);

// A MAC address of its own for the container's end, locally administered, from the CTID.
std::string guest_mac(config::Ctid ctid);

} // namespace vz::ops
