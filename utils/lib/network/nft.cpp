// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/network/nft.hpp"

#include "vz/base/text.hpp"
#include "vz/network/routed.hpp"

namespace vz::network {

namespace {

// Before connection tracking (raw priority), so that a spoofed flood costs no conntrack entries. A device
// that is ours by name but in no map sends nothing: a container being set up is closed, not open. `accept`
// ends our own chain only; the administrator's tables still see the packet.
constexpr std::string_view k_base = R"(add table inet vz
add map inet vz guests { type ifname : verdict; }
add map inet vz masquerades { type ifname : verdict; }
add chain inet vz prerouting { type filter hook prerouting priority -300; policy accept; }
flush chain inet vz prerouting
add rule inet vz prerouting iifname vmap @guests
add rule inet vz prerouting iifname "venet*" counter drop
add chain inet vz postrouting { type nat hook postrouting priority 100; policy accept; }
flush chain inet vz postrouting
add rule inet vz postrouting oifname "venet*" accept
add rule inet vz postrouting iifname vmap @masquerades
)";

std::string_view word(Family family) {
    return family == Family::ipv4 ? "ip" : "ip6";
}

std::string fresh_chain(std::string_view name) {
    return format("add chain inet vz {0}\nflush chain inet vz {0}\n", name);
}

std::string element(std::string_view verb, std::string_view map, std::uint32_t ctid, std::string_view chain) {
    return format("{} element inet vz {} {{ \"{}\" : jump {} }}\n", verb, map, device_name(ctid), chain);
}

std::string accept_rule(Family family, const std::vector<Ip>& addresses, std::string_view chain) {
    std::vector<std::string> members;
    for (const Ip& ip : addresses)
        if (ip.family() == family)
            members.push_back(ip.text());
    if (members.empty())
        return {};
    return format("add rule inet vz {} {} saddr {{ {} }} accept\n", chain, word(family),
                  text::join(members, ", "));
}

std::string masquerade_rule(const Masquerade& entry, std::string_view chain) {
    std::string direct;
    for (const auto& device : entry.direct_devices)
        direct += format("{}\"{}\"", direct.empty() ? "" : ", ", device);
    if (!direct.empty())
        direct = format("oifname != {{ {} }} ", direct);
    return format("add rule inet vz {} {} saddr {} {}masquerade\n", chain, word(entry.address.family()),
                  entry.address.text(), direct);
}

} // namespace

std::string nft_set_guest(const GuestRules& rules) {
    const std::string guest = format("guest{}", rules.ctid);
    const std::string masquerade = format("masquerade{}", rules.ctid);
    std::string out(k_base);
    out += fresh_chain(guest);
    out += accept_rule(Family::ipv4, rules.addresses, guest);
    out += accept_rule(Family::ipv6, rules.addresses, guest);
    out += format("add rule inet vz {} counter drop\n", guest);
    out += fresh_chain(masquerade);
    for (const auto& entry : rules.masquerade)
        out += masquerade_rule(entry, masquerade);
    out += element("add", "guests", rules.ctid, guest);
    out += element("add", "masquerades", rules.ctid, masquerade);
    return out;
}

// "add" before "delete" makes each deletion valid whether or not the thing is there.
std::string nft_remove_guest(std::uint32_t ctid) {
    std::string out(k_base);
    for (const auto& [map, prefix] : {std::pair("guests", "guest"), std::pair("masquerades", "masquerade")}) {
        const std::string chain = format("{}{}", prefix, ctid);
        out += fresh_chain(chain);
        out += element("add", map, ctid, chain);
        out += element("delete", map, ctid, chain);
        out += format("delete chain inet vz {}\n", chain);
    }
    return out;
}

} // namespace vz::network
