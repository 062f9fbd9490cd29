// SPDX-License-Identifier: GPL-2.0-or-later
#include "net_policy.hpp"

namespace vz::ops {

network::Policy network_policy(const config::Host& host, Reporter& out) {
    network::Policy policy;
    policy.state_dir = host.paths.run_dir() + "/net";
    policy.masquerade = host.get("VE_MASQUERADE", "auto") == "no" ? network::Policy::Masquerade::none
                                                                  : network::Policy::Masquerade::automatic;
    if (auto neighbours = network::NeighbourDevices::parse(host.get("NEIGHBOUR_DEVS")))
        policy.neighbours = *std::move(neighbours);
    else
        out.warning(format("vz.conf: NEIGHBOUR_DEVS: {}", neighbours.error().what));
    if (const auto device = host.get("VE_ROUTE_SRC_DEV"); !device.empty())
        policy.route_src_device = device;
    policy.ipv6 = host.get("IPV6", "yes") != "no";
    policy.set_sysctls = host.get("SKIP_SYSCTL_SETUP", "no") != "yes";
    return policy;
}

network::Probe probe_policy(const config::Host& host) {
    return host.get("SKIP_ARPDETECT", "no") == "yes" ? network::Probe::none : network::Probe::neighbours;
}

std::vector<network::Address> configured_addresses(const config::Container& container, Reporter& out) {
    std::vector<network::Address> addresses;
    for (const auto& text : container.addresses()) {
        if (auto address = network::Address::parse(text))
            addresses.push_back(*std::move(address));
        else
            out.warning(format("IP_ADDRESS of {}: {}", container.ctid().value(), address.error().what));
    }
    return addresses;
}

std::string guest_mac(config::Ctid ctid) {
    const auto n = ctid.value();
    return format("02:18:{:02x}:{:02x}:{:02x}:{:02x}", n >> 24, n >> 16 & 0xff, n >> 8 & 0xff, n & 0xff);
}

} // namespace vz::ops
