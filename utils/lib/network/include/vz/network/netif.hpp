// SPDX-License-Identifier: GPL-2.0-or-later
// The bridged interfaces of a container, as NETIF of NUM.conf has them:
// "ifname=eth0,bridge=br0,mac=…,host_ifname=veth101.0,host_mac=…,mac_filter=on,vlan=10,ip=…,gw=…;ifname=…".
// Pure.
#pragma once

#include "vz/network/address.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vz::network {

struct Netif {
    std::string ifname;      // inside
    std::string mac;         // inside; "" only while being made
    std::string host_ifname; // at most 15 characters, as all names of devices
    std::string host_mac;
    std::string bridge; // "": the host's end stands alone
    std::optional<std::uint16_t> vlan;
    bool mac_filter = true;         // refuse other sources than `mac` and, where there are any, `addresses`
    std::vector<Address> addresses; // set from outside; a prefix length of all bits if none was given
    std::vector<Ip> gateways;       // at most one a family
    bool dhcp = false;              // the guest is told to ask
    std::vector<std::pair<std::string, std::string>> others; // keys that mean nothing here, kept

    bool operator==(const Netif&) const = default;
};

// Errc::bad_value, naming what is wrong; also for two interfaces of one name.
Result<std::vector<Netif>> parse_netifs(std::string_view text);
std::string netifs_text(const std::vector<Netif>& netifs);

// One value as an option gives it, by its key in NETIF; "" or "none" takes it away. A gateway replaces that
// of its family. Errc::bad_value.
Result<void> set_value(Netif& netif, const std::string& key, const std::string& value);

// What is missing and can be chosen: MAC addresses and the host's name for it. `netifs` are all of the
// container.
void complete(std::vector<Netif>& netifs, std::uint32_t ctid);

// Single values, as options give them. Errc::bad_value.
Result<std::string>
parse_device_name(std::string_view text); // no name that is ours or the kernel's (venet0, lo)
Result<std::string> parse_mac_address(std::string_view text); // unicast; in lower case
Result<std::uint16_t> parse_vlan(std::string_view text);      // 1 to 4094

// `--netif_add NAME[,MAC[,HOST_NAME[,HOST_MAC[,BRIDGE]]]]`; what is missing or empty stays empty.
Result<Netif> parse_netif_add(std::string_view text);

using IsTaken = std::function<bool(const std::string&)>;

// "00:18:51:…" (the classic prefix), always the same for the same container and name unless it is taken.
std::string generate_mac(std::uint32_t ctid, std::string_view ifname, const IsTaken& taken);
// "veth101.0", the first that is not taken.
std::string generate_host_ifname(std::uint32_t ctid, const IsTaken& taken);
// What bridges take for their own address is the lowest of their ports': this is the highest.
inline constexpr std::string_view k_default_host_mac = "fe:ff:ff:ff:ff:ff";

// Errc::net_device for what cannot be given to a container (lo, venet*, tun*, tap*) or is no name.
Result<std::string> parse_netdev(std::string_view text);

} // namespace vz::network
