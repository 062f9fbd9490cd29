// SPDX-License-Identifier: GPL-2.0-or-later
// What a container may send on the ports of bridges: its own MAC address only, and its own addresses where
// they are known.
#include "links.hpp"
#include "vz/base/text.hpp"

#include <algorithm>

namespace vz::network {

namespace {

// Before everything else, so that nothing forged is remembered anywhere.
constexpr std::string_view k_ports_table = R"(add table bridge vz
add map bridge vz ports { type ifname : verdict; }
add chain bridge vz prerouting { type filter hook prerouting priority -300; policy accept; }
flush chain bridge vz prerouting
add rule bridge vz prerouting iifname vmap @ports
)";

std::string chain_name(const std::string& port) {
    return "port_" + port;
}

std::string element(std::string_view verb, const std::string& port) {
    return format("{} element bridge vz ports {{ \"{}\" : jump {} }}\n", verb, port, chain_name(port));
}

std::string without(const std::string& port) {
    const auto chain = chain_name(port);
    return format("add chain bridge vz {0}\n", chain) + element("add", port) + element("delete", port) +
           format("flush chain bridge vz {0}\ndelete chain bridge vz {0}\n", chain);
}

std::vector<std::string> texts_of(const Netif& netif, Family family) {
    std::vector<std::string> out;
    for (const Address& address : netif.addresses)
        if (address.family() == family)
            out.push_back(address.ip().text());
    return out;
}

// "0x20010db8…": nft 1.0 has no name for the target of an advertisement.
std::string as_number(const Ip& ip) {
    std::string out = "0x";
    for (const auto byte : ip.bytes())
        out += format("{:02x}", byte);
    return out;
}

// Advertising another's address is how a neighbour is robbed of it in IPv6; link-local ones are everybody's
// own choice.
std::vector<std::string> neighbour_rules(const Netif& netif) {
    std::vector<std::string> own;
    for (const Address& address : netif.addresses)
        if (address.family() == Family::ipv6)
            own.push_back(as_number(address.ip()));
    std::string others;
    if (!own.empty())
        others = format(" @th,64,128 != {{ {} }}", text::join(own, ", "));
    return {"icmpv6 type nd-router-advert counter drop",
            format("icmpv6 type nd-neighbor-advert @th,64,10 != 0x3fa{} counter drop", others)};
}

std::vector<std::string> address_rules(const Netif& netif) {
    auto ipv4 = texts_of(netif, Family::ipv4);
    auto ipv6 = texts_of(netif, Family::ipv6);
    if (ipv4.empty() && ipv6.empty())
        return {};
    ipv4.emplace_back("0.0.0.0"); // asks whether an address is free, or for one (RFC 5227, RFC 2131)
    ipv6.emplace_back("::");      // RFC 4862
    ipv6.emplace_back("fe80::/10");
    std::vector<std::string> out = {
        "meta protocol != { ip, arp, ip6 } counter drop", // nothing hides behind a tag of its own
        format("arp saddr ip != {{ {} }} counter drop", text::join(ipv4, ", ")),
        format("ip saddr != {{ {} }} counter drop", text::join(ipv4, ", ")),
        format("ip6 saddr != {{ {} }} counter drop", text::join(ipv6, ", "))};
    for (auto& rule : neighbour_rules(netif))
        out.push_back(std::move(rule));
    return out;
}

std::string with(const Netif& netif) {
    const auto chain = chain_name(netif.host_ifname);
    std::string out = format("add chain bridge vz {0}\nflush chain bridge vz {0}\n", chain);
    std::vector<std::string> rules = {format("ether saddr != {} counter drop", netif.mac),
                                      format("arp saddr ether != {} counter drop", netif.mac)};
    for (auto& rule : address_rules(netif))
        rules.push_back(std::move(rule));
    for (const auto& rule : rules)
        out += format("add rule bridge vz {} {}\n", chain, rule);
    return out + element("add", netif.host_ifname);
}

} // namespace

std::string nft_ports(const std::vector<Netif>& netifs, const std::vector<std::string>& gone) {
    if (netifs.empty() && gone.empty())
        return {};
    std::string out(k_ports_table);
    for (const auto& port : gone)
        out += without(port);
    for (const auto& netif : netifs)
        out += netif.mac_filter ? with(netif) : without(netif.host_ifname);
    return out;
}

} // namespace vz::network
