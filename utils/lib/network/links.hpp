// SPDX-License-Identifier: GPL-2.0-or-later
// Devices as bridges see them: kinds, masters, and which end belongs to which. Pure.
#pragma once

#include "vz/network/netif.hpp"
#include "vz/network/plan.hpp"

namespace vz::network {

struct LinkInfo {
    std::string name;
    unsigned index = 0;
    unsigned peer_index = 0; // of a veth's other end, or of the device below
    std::string mac;
    unsigned mtu = 0;
    std::string kind; // "bridge", "veth", "vlan", …; "" for a real one
    std::string master;
    std::string lower; // the device below, if it is in the same namespace
    unsigned vlan = 0; // of a VLAN device
    bool vlan_aware = false;
    unsigned default_vlan = 0; // of a VLAN-aware bridge
    std::vector<Subnet> subnets;
};

struct DefaultRoute {
    std::string device;
    Ip gateway;
    unsigned metric = 0;
};

struct Links {
    std::vector<LinkInfo> devices;
    std::vector<DefaultRoute> defaults;

    const LinkInfo* find(std::string_view name) const;
    const LinkInfo* at(unsigned index) const;
};

// Input for `ip -j -d -batch -`, and its output.
std::string links_query();
Result<Links> parse_links(std::string_view output);

// Where the host's end of an interface is to be plugged in.
struct Socket {
    std::string bridge; // "": nowhere
    std::optional<std::uint16_t> vlan;
    unsigned mtu = 1500;
    unsigned default_vlan = 0; // of a VLAN-aware bridge
};
// `netif.bridge` may also be a VLAN device on a VLAN-aware bridge (its number is the port's then) or one that
// is a port of a bridge itself. Errc::veth, saying what is missing.
Result<Socket> find_socket(const Links& host, const Netif& netif);

// Whether the two ends of `netif` are there and belong together.
bool is_connected(const Links& host, const Links& guest, const Netif& netif);

// What the container must do inside: `before` is what was wanted until now. Foreign addresses stay.
std::string plan_netif_inside(const Links& guest, const Netif& netif, const Netif* before, unsigned position);

// VLANs of a port, from `bridge -j vlan show dev PORT`, and the lines for `bridge -batch` that leave `vlan`
// alone.
std::vector<std::uint16_t> parse_port_vlans(std::string_view output);
std::string plan_port_vlan(const std::string& port, const std::vector<std::uint16_t>& present,
                           std::uint16_t vlan);

// The filter of ports in the table "bridge vz", to go into one transaction with nft_firewall(). `gone`: ports
// of an earlier time.
std::string nft_ports(const std::vector<Netif>& netifs, const std::vector<std::string>& gone);

} // namespace vz::network
