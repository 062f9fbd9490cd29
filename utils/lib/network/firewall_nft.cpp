// SPDX-License-Identifier: GPL-2.0-or-later
// The rules of a container's firewall for nft(8).
#include "vz/base/text.hpp"
#include "vz/network/firewall.hpp"
#include "vz/network/routed.hpp"

#include <algorithm>

namespace vz::network {

namespace {

// What goes to a container is judged when its device is known and before its source may be masqueraded; what
// it sends, right after the connection is known and before its destination may be changed.
constexpr std::string_view k_routed_base = R"(add table inet vz
add map inet vz firewall_in { type ifname : verdict; }
add map inet vz firewall_out { type ifname : verdict; }
add chain inet vz firewall_to { type filter hook postrouting priority 0; policy accept; }
flush chain inet vz firewall_to
add rule inet vz firewall_to oifname vmap @firewall_in
add chain inet vz firewall_from { type filter hook prerouting priority -145; policy accept; }
flush chain inet vz firewall_from
add rule inet vz firewall_from iifname vmap @firewall_out
)";

constexpr std::string_view k_bridge_base = R"(add table bridge vz
add map bridge vz firewall_in { type ifname : verdict; }
add map bridge vz firewall_out { type ifname : verdict; }
add chain bridge vz firewall_to { type filter hook postrouting priority 0; policy accept; }
flush chain bridge vz firewall_to
add rule bridge vz firewall_to oifname vmap @firewall_in
add chain bridge vz firewall_from { type filter hook prerouting priority -145; policy accept; }
flush chain bridge vz firewall_from
add rule bridge vz firewall_from iifname vmap @firewall_out
)";

constexpr std::string_view k_neighbours =
    "icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, "
    "mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } accept";

enum class Way { in, out };

std::string_view word(Way way) {
    return way == Way::in ? "in" : "out";
}

std::string_view word(Verdict verdict) {
    return verdict == Verdict::accept ? "accept" : "drop";
}

std::string chain_name(Way way, std::uint32_t ctid) {
    return format("{}{}", word(way), ctid);
}

// A chain being written: every line of it is a rule.
class Chain {
public:
    Chain(std::string_view table, std::string name) : m_table(table), m_name(std::move(name)) {
        m_text = format("add chain {0} {1}\nflush chain {0} {1}\n", m_table, m_name);
    }
    void rule(std::string_view text) { m_text += format("add rule {} {} {}\n", m_table, m_name, text); }
    std::string text() const { return m_text; }

private:
    std::string_view m_table;
    std::string m_name;
    std::string m_text;
};

// "ip saddr 192.0.2.0/24 "
std::string network_match(const FirewallRule& rule, Way way) {
    if (!rule.network)
        return {};
    return format("{} {} {} ", rule.network->base.family() == Family::ipv4 ? "ip" : "ip6",
                  way == Way::in ? "saddr" : "daddr", rule.network->text());
}

std::string protocol_match(const FirewallRule& rule) {
    switch (rule.protocol) {
    case Protocol::any:
        return {};
    case Protocol::icmp:
        return "meta l4proto { icmp, ipv6-icmp } ";
    default:
        break;
    }
    if (rule.ports.empty())
        return format("meta l4proto {} ", protocol_name(rule.protocol));
    return format("{} dport {{ {} }} ", protocol_name(rule.protocol), rule.ports_text());
}

std::string match(const FirewallRule& rule, Way way) {
    return network_match(rule, way) + protocol_match(rule);
}

void add_routed_rules(Chain& chain, const FirewallList& list, Way way) {
    chain.rule("ct state established,related accept");
    chain.rule("ct state invalid drop");
    chain.rule(k_neighbours);
    for (const auto& rule : list.rules)
        chain.rule(match(rule, way) + (rule.accept ? "accept" : "counter drop"));
    chain.rule(format("counter {}", word(list.effective_policy())));
}

std::string flows(std::uint32_t ctid, Family family) {
    return format("flows{}_{}", family == Family::ipv4 ? "4" : "6", ctid);
}

// The same key for both directions: the container's address and port first.
std::string flow_key(Family family, Way way) {
    const std::string_view ip = family == Family::ipv4 ? "ip" : "ip6";
    const std::string_view own = way == Way::in ? "d" : "s";
    const std::string_view other = way == Way::in ? "s" : "d";
    return format("{0} {1}addr . meta l4proto . th {1}port . {0} {2}addr . th {2}port", ip, own, other);
}

constexpr std::string_view k_with_ports = "meta l4proto { udp, sctp } ";

// What belongs to something that was let through before, and what no network works without.
void add_bridge_prelude(Chain& chain, std::uint32_t ctid, Way way) {
    chain.rule("meta protocol != { ip, ip6 } accept");
    chain.rule("ip frag-off & 0x1fff != 0 accept"); // their first fragment was judged
    chain.rule("frag frag-off != 0 accept");
    chain.rule("tcp flags & (syn | ack) != syn accept"); // does not open a connection
    for (const auto family : {Family::ipv4, Family::ipv6})
        chain.rule(format("{0}{1} @{2} update @{2} {{ {1} }} accept", k_with_ports, flow_key(family, way),
                          flows(ctid, family)));
    chain.rule("icmp type { echo-reply, destination-unreachable, time-exceeded, parameter-problem } accept");
    chain.rule("icmpv6 type { echo-reply, destination-unreachable, packet-too-big, time-exceeded, "
               "parameter-problem } accept");
    chain.rule(k_neighbours);
    chain.rule(way == Way::in ? "udp sport 67 udp dport 68 accept" : "udp sport 68 udp dport 67 accept");
    chain.rule(way == Way::in ? "udp sport 547 udp dport 546 accept" : "udp sport 546 udp dport 547 accept");
}

bool mixes(const FirewallRule& rule, Family family) {
    return rule.network && rule.network->base.family() != family;
}

void add_bridge_rule(Chain& chain, const FirewallRule& rule, std::uint32_t ctid, Way way) {
    const auto matched = match(rule, way);
    // Answers are let through by an entry that the first packet makes; a full table costs the container its
    // answers.
    const bool has_ports = rule.protocol == Protocol::udp || rule.protocol == Protocol::sctp;
    if (rule.accept && (has_ports || rule.protocol == Protocol::any))
        for (const auto family : {Family::ipv4, Family::ipv6})
            if (!mixes(rule, family))
                chain.rule(format("{}{}update @{} {{ {} }}", matched, has_ports ? "" : k_with_ports,
                                  flows(ctid, family), flow_key(family, way)));
    chain.rule(matched + (rule.accept ? "accept" : "counter drop"));
}

void add_bridge_rules(Chain& chain, const FirewallList& list, std::uint32_t ctid, Way way) {
    add_bridge_prelude(chain, ctid, way);
    for (const auto& rule : list.rules)
        add_bridge_rule(chain, rule, ctid, way);
    FirewallRule rest;
    rest.accept = list.effective_policy() == Verdict::accept;
    add_bridge_rule(chain, rest, ctid, way);
}

std::string element(std::string_view verb, std::string_view table, Way way, const std::string& device,
                    std::uint32_t ctid) {
    return format("{} element {} firewall_{} {{ \"{}\" : jump {} }}\n", verb, table, word(way), device,
                  chain_name(way, ctid));
}

constexpr std::string_view k_routed = "inet vz";
constexpr std::string_view k_bridge = "bridge vz";
constexpr Way k_ways[] = {Way::in, Way::out};

std::string add_flow_sets(std::uint32_t ctid) {
    std::string out;
    for (const auto family : {Family::ipv4, Family::ipv6})
        out += format("add set bridge vz {0} {{ type {1} . inet_proto . inet_service . {1} . inet_service; "
                      "flags dynamic,timeout; timeout 3m; size 16384; }}\n",
                      flows(ctid, family), family == Family::ipv4 ? "ipv4_addr" : "ipv6_addr");
    return out;
}

std::string delete_flow_sets(std::uint32_t ctid) {
    return format("delete set bridge vz {}\ndelete set bridge vz {}\n", flows(ctid, Family::ipv4),
                  flows(ctid, Family::ipv6));
}

// Adding first makes removing right whether or not it is there.
std::string without(std::string_view table, std::uint32_t ctid, const std::vector<std::string>& devices) {
    std::string out;
    for (const auto way : k_ways) {
        out += format("add chain {} {}\n", table, chain_name(way, ctid));
        for (const auto& device : devices)
            out += element("add", table, way, device, ctid) + element("delete", table, way, device, ctid);
    }
    return out;
}

std::string delete_chains(std::string_view table, std::uint32_t ctid) {
    std::string out;
    for (const auto way : k_ways)
        out += format("flush chain {0} {1}\ndelete chain {0} {1}\n", table, chain_name(way, ctid));
    return out;
}

std::string routed_rules(std::uint32_t ctid, const Firewall& firewall) {
    std::string out(k_routed_base);
    if (firewall.is_open())
        return out + without(k_routed, ctid, {device_name(ctid)}) + delete_chains(k_routed, ctid);
    for (const auto way : k_ways) {
        Chain chain(k_routed, chain_name(way, ctid));
        add_routed_rules(chain, way == Way::in ? firewall.in : firewall.out, way);
        out += chain.text() + element("add", k_routed, way, device_name(ctid), ctid);
    }
    return out;
}

std::string bridge_rules(std::uint32_t ctid, const Firewall& firewall, const std::vector<std::string>& ports,
                         const std::vector<std::string>& gone) {
    std::string out(k_bridge_base);
    out += add_flow_sets(ctid);
    if (firewall.is_open() || ports.empty()) {
        std::vector<std::string> all = gone;
        all.insert(all.end(), ports.begin(), ports.end());
        return out + without(k_bridge, ctid, all) + delete_chains(k_bridge, ctid) + delete_flow_sets(ctid);
    }
    out += without(k_bridge, ctid, gone);
    for (const auto way : k_ways) {
        Chain chain(k_bridge, chain_name(way, ctid));
        add_bridge_rules(chain, way == Way::in ? firewall.in : firewall.out, ctid, way);
        out += chain.text();
        for (const auto& port : ports)
            out += element("add", k_bridge, way, port, ctid);
    }
    return out;
}

} // namespace

std::string nft_firewall(std::uint32_t ctid, const Firewall& firewall, const std::vector<std::string>& ports,
                         const std::vector<std::string>& gone) {
    std::string out = routed_rules(ctid, firewall);
    // A host without bridges gets no table for them.
    if (!ports.empty() || !gone.empty())
        out += bridge_rules(ctid, firewall, ports, gone);
    return out;
}

} // namespace vz::network
