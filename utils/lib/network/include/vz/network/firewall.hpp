// SPDX-License-Identifier: GPL-2.0-or-later
// The firewall of a container: what NUM.conf says, and the rules made of it as text for `nft -f -`. Pure;
// nothing reaches that text but numbers, addresses and names that were checked.
//
// A rule is "[!]PROTOCOL[:PORTS][@NETWORK]": "tcp:80,443", "tcp:22@192.0.2.0/24", "udp:6000-6010", "icmp",
// "any@2001:db8::/32", "!tcp:25". The first that fits decides, "!" refuses; then the policy decides.
#pragma once

#include "vz/network/address.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vz::network {

enum class Protocol : std::uint8_t { any, tcp, udp, sctp, icmp };
std::string_view protocol_name(Protocol protocol);

struct PortRange {
    std::uint16_t first = 0;
    std::uint16_t last = 0;
    bool operator==(const PortRange&) const = default;
};

struct IpNetwork {
    Ip base; // bits behind the prefix are zero
    unsigned prefix = 0;
    std::string text() const; // without "/32" and "/128"
    bool operator==(const IpNetwork&) const = default;
};

struct FirewallRule {
    bool accept = true;
    Protocol protocol = Protocol::any;
    std::vector<PortRange> ports;     // of the one who is connected to; empty: all
    std::optional<IpNetwork> network; // of the other side; nothing: everybody
    bool operator==(const FirewallRule&) const = default;

    static Result<FirewallRule> parse(std::string_view text); // Errc::bad_value
    std::string text() const;
    std::string ports_text() const;
};

enum class Verdict : std::uint8_t { accept, drop };

// One direction.
struct FirewallList {
    std::vector<FirewallRule> rules;
    std::optional<Verdict> policy; // as configured

    // Without a configured policy: a list of what is allowed means that all else is refused.
    Verdict effective_policy() const;
    bool is_open() const; // lets everything pass
    bool operator==(const FirewallList&) const = default;
};

struct Firewall {
    FirewallList in;  // towards the container
    FirewallList out; // what it sends
    bool is_open() const { return in.is_open() && out.is_open(); }
    bool operator==(const Firewall&) const = default;
};

// Rules between blanks, and "", "accept" or "drop". Errc::bad_value.
Result<std::vector<FirewallRule>> parse_rules(std::string_view text);
Result<std::optional<Verdict>> parse_policy(std::string_view text);
std::string rules_text(const std::vector<FirewallRule>& rules);

// The transaction that makes the container's rules be these, and no others, on its routed device (in the
// table "inet vz") and on these ports of bridges (in "bridge vz"). Chains, sets and elements of the container
// that are there already are replaced; `gone` are ports of an earlier time. On a bridge a connection is told
// by the flags of TCP and a table of the container's own: to use the kernel's connection tracking there would
// track and reassemble all traffic of all bridges of the host, and not every kernel can.
std::string nft_firewall(std::uint32_t ctid, const Firewall& firewall, const std::vector<std::string>& ports,
                         const std::vector<std::string>& gone);

} // namespace vz::network
