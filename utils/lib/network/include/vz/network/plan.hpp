// SPDX-License-Identifier: GPL-2.0-or-later
// What must change, as input for `ip -batch` (ip(8)): pure functions from the present state and the wanted
// one.
#pragma once

#include "vz/base/json.hpp"
#include "vz/network/nft.hpp"
#include "vz/network/routed.hpp"

#include <set>

namespace vz::network {

struct Subnet {
    Ip address; // the host's own address in it
    unsigned prefix = 0;
    std::optional<Ip> broadcast;
    bool link_scope = false;
};

struct Device {
    std::string name;
    std::string mac;
    unsigned mtu = 0;
    bool up = false;
    bool neighbourly = false; // up, with ARP and broadcast, no port of a bridge or bond, not ours: an uplink
    std::vector<Subnet> subnets;

    bool holds(const Ip& ip) const; // in a subnet of its own (not link-local, not a single address)
};

struct HostRoute {
    Ip address;
    std::string device;
    std::optional<Ip> source;
};

struct StaticNeighbour {
    Ip address;
    std::string mac;
};

// One proxy ARP or NDP entry.
struct ProxyEntry {
    std::string device;
    Ip address;

    auto operator<=>(const ProxyEntry&) const = default;
};

struct HostState {
    std::vector<Device> devices;
    std::set<ProxyEntry> proxies;
    std::optional<std::string> default_device; // of the best default route
    std::vector<HostRoute> routes; // of the container's device, and whoever has the wanted addresses
    std::vector<StaticNeighbour> neighbours; // of the container's device

    const Device* find(std::string_view name) const;
};

struct GuestState {
    bool loopback_up = false;
    Device link;
    std::optional<Ip> default4_source; // of the default route by k_gateway4, if there is one
    bool default4 = false;
    bool default6 = false; // by k_gateway6
    bool ipv6_off = false; // disable_ipv6 of the device, not from ip(8)
    std::vector<StaticNeighbour> neighbours;
};

// Input for `ip -j -batch -` whose output, one JSON document a line, the parse functions take.
std::string host_query(const std::vector<Ip>& addresses, const std::optional<std::string>& device);
Result<HostState> parse_host(std::string_view output, const std::optional<std::string>& device);
std::string guest_query();
Result<GuestState>
parse_guest(std::string_view output); // written by the kernel, with names a container may choose

// The proxy entries made for a container, as kept in Policy::state_dir: "proxy DEVICE ADDRESS" a line.
struct Record {
    std::set<ProxyEntry> proxies;

    std::string text() const;
    static Record parse(std::string_view text); // what does not parse is left out
};

struct Wanted {
    std::uint32_t ctid = 0;
    std::vector<Ip> addresses;
    std::string guest_mac; // checked by parse_guest
    unsigned mtu = 1500;
};

struct HostPlan {
    std::string batch; // empty: nothing to do
    Record record;     // what the host answers for when the batch has run
    Record touched;    // that, and what is still there now: to be written before the batch runs
    std::set<std::string> ndp_devices; // uplinks that need proxy_ndp
};

HostPlan plan_host(const HostState& state, const Wanted& wanted, const Policy& policy, const Record& before);
HostPlan plan_removal(const HostState& state, std::uint32_t ctid, const Record& before);
std::string plan_guest(const GuestState& state, const Wanted& wanted);
GuestRules plan_rules(const HostState& state, const std::vector<Address>& addresses, std::uint32_t ctid,
                      Policy::Masquerade masquerade);

// Another device of ours, and so another container, that has the route to `ip`: "container 102".
std::optional<std::string> other_container(const std::vector<HostRoute>& routes, const Ip& ip,
                                           std::uint32_t ctid);

unsigned uplink_mtu(const HostState& state); // 1500 without a default route

// The uplinks on which the host is to answer for `ip`.
std::vector<const Device*> neighbour_devices(const HostState& state, const Ip& ip,
                                             const NeighbourDevices& policy);

} // namespace vz::network
