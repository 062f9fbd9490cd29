// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/network/netif.hpp"

#include "names.hpp"
#include "vz/base/text.hpp"

#include <algorithm>

namespace vz::network {

namespace {

Error bad(std::string_view what, std::string_view value) {
    return fail(Errc::bad_value, "{}: {}", what, text::printable(value));
}

bool starts_with(std::string_view text, std::string_view head) {
    return text.substr(0, head.size()) == head;
}

Result<bool> parse_switch(std::string_view key, std::string_view value) {
    if (value == "on" || value == "yes")
        return true;
    if (value == "off" || value == "no")
        return false;
    return bad(format("{}: on or off expected", key), value);
}

Result<Ip> parse_gateway(std::string_view text) {
    const auto ip = Ip::parse(text);
    if (!ip)
        return bad("gw: not an IP address", text);
    return *ip;
}

Result<void> add_gateway(Netif& netif, const Ip& gateway) {
    for (const Ip& other : netif.gateways)
        if (other.family() == gateway.family())
            return bad("gw: a second one of its kind", gateway.text());
    netif.gateways.push_back(gateway);
    return {};
}

Result<void> take(Netif& netif, const std::string& key, const std::string& value) {
    if (key == "ifname") {
        VZ_ASSIGN(netif.ifname, parse_device_name(value).context(key));
    } else if (key == "mac") {
        VZ_ASSIGN(netif.mac, parse_mac_address(value).context(key));
    } else if (key == "host_ifname") {
        VZ_ASSIGN(netif.host_ifname, parse_device_name(value).context(key));
    } else if (key == "host_mac") {
        VZ_ASSIGN(netif.host_mac, parse_mac_address(value).context(key));
    } else if (key == "bridge") {
        VZ_ASSIGN(netif.bridge, parse_device_name(value).context(key));
    } else if (key == "vlan") {
        VZ_ASSIGN(netif.vlan, parse_vlan(value).context(key));
    } else if (key == "mac_filter") {
        VZ_ASSIGN(netif.mac_filter, parse_switch(key, value));
    } else if (key == "dhcp") {
        VZ_ASSIGN(netif.dhcp, parse_switch(key, value));
    } else if (key == "ip") {
        VZ_ASSIGN(const auto address, Address::parse(value).context(key));
        netif.addresses.push_back(address);
    } else if (key == "gw") {
        VZ_ASSIGN(const auto gateway, parse_gateway(value));
        VZ_TRY(add_gateway(netif, gateway));
    } else {
        netif.others.emplace_back(key, value);
    }
    return {};
}

// An empty value is an absent one: the classic tools write "bridge=,".
Result<Netif> parse_one(std::string_view text) {
    Netif netif;
    for (const auto& part : text::split(text, ',')) {
        const auto equals = part.find('=');
        const std::string key(text::trim(std::string_view(part).substr(0, equals)));
        if (key.empty() && equals == std::string::npos)
            continue;
        if (equals == std::string::npos || key.empty())
            return bad("KEY=VALUE expected", part);
        const std::string value(text::trim(std::string_view(part).substr(equals + 1)));
        if (!value.empty())
            VZ_TRY(take(netif, key, value));
    }
    if (netif.ifname.empty())
        return bad("no ifname", text);
    return netif;
}

void add(std::string& out, std::string_view key, std::string_view value) {
    if (!value.empty())
        out += format("{}{}={}", out.empty() ? "" : ",", key, value);
}

std::string netif_text(const Netif& netif) {
    std::string out;
    add(out, "ifname", netif.ifname);
    add(out, "bridge", netif.bridge);
    add(out, "mac", netif.mac);
    add(out, "host_ifname", netif.host_ifname);
    add(out, "host_mac", netif.host_mac);
    add(out, "mac_filter", netif.mac_filter ? "on" : "off");
    if (netif.vlan)
        add(out, "vlan", std::to_string(*netif.vlan));
    for (const auto& address : netif.addresses)
        add(out, "ip", address.text());
    for (const auto& gateway : netif.gateways)
        add(out, "gw", gateway.text());
    if (netif.dhcp)
        add(out, "dhcp", "yes");
    for (const auto& [key, value] : netif.others)
        add(out, key, value);
    return out;
}

// FNV-1a: the same on every host and in every version.
std::uint32_t hash(std::string_view text) {
    std::uint32_t value = 2166136261U;
    for (const unsigned char c : text)
        value = (value ^ c) * 16777619U;
    return value;
}

} // namespace

Result<std::string> parse_device_name(std::string_view text) {
    // "@" and ":" have a meaning to ip(8) and to sysctl.
    if (!is_plain_name(text) || text.find_first_of("@:") != std::string_view::npos)
        return bad("not a name for a network device (at most 15 letters, digits, \"-\", \"_\", \".\")", text);
    if (text == "lo" || text == "all" || text == "default" || starts_with(text, "venet"))
        return bad("this name is taken by the system", text);
    return std::string(text);
}

Result<std::string> parse_mac_address(std::string_view text) {
    const auto lower = text::lower(text);
    if (!is_mac(lower))
        return bad("not a MAC address", text);
    const char second = lower[1];
    if (std::string_view("13579bdf").find(second) != std::string_view::npos)
        return bad("a multicast MAC address", text);
    if (lower == "00:00:00:00:00:00")
        return bad("an empty MAC address", text);
    return lower;
}

Result<std::uint16_t> parse_vlan(std::string_view text) {
    const auto number = text::to_uint(text);
    if (!number || *number < 1 || *number > 4094)
        return bad("a VLAN from 1 to 4094 expected, not", text);
    return static_cast<std::uint16_t>(*number);
}

Result<std::vector<Netif>> parse_netifs(std::string_view text) {
    constexpr std::size_t k_most = 64;
    std::vector<Netif> out;
    for (const auto& part : text::split(text, ';')) {
        if (text::trim(part).empty())
            continue;
        VZ_ASSIGN(auto netif, parse_one(part).context("NETIF"));
        for (const Netif& other : out)
            if (other.ifname == netif.ifname ||
                (!netif.host_ifname.empty() && other.host_ifname == netif.host_ifname))
                return bad("NETIF: named twice", other.ifname);
        out.push_back(std::move(netif));
        if (out.size() > k_most)
            return fail(Errc::bad_value, "NETIF: more than {} interfaces", k_most);
    }
    return out;
}

std::string netifs_text(const std::vector<Netif>& netifs) {
    std::vector<std::string> parts;
    for (const auto& netif : netifs)
        parts.push_back(netif_text(netif));
    return text::join(parts, ";");
}

Result<void> set_value(Netif& netif, const std::string& key, const std::string& value) {
    const bool clear = value.empty() || value == "none";
    if (clear && key == "bridge")
        netif.bridge.clear();
    else if (clear && key == "vlan")
        netif.vlan.reset();
    else if (clear && key == "gw")
        netif.gateways.clear();
    else if (clear)
        return bad(format("{}: a value expected, not", key), value);
    if (clear)
        return {};
    if (key == "gw")
        if (const auto gateway = Ip::parse(value))
            std::erase_if(netif.gateways, [&](const Ip& ip) { return ip.family() == gateway->family(); });
    return take(netif, key, value);
}

void complete(std::vector<Netif>& netifs, std::uint32_t ctid) {
    const auto has_name = [&](const std::string& name) {
        return std::any_of(netifs.begin(), netifs.end(),
                           [&](const Netif& other) { return other.host_ifname == name; });
    };
    const auto has_mac = [&](const std::string& mac) {
        return std::any_of(netifs.begin(), netifs.end(),
                           [&](const Netif& other) { return other.mac == mac; });
    };
    for (Netif& netif : netifs) {
        if (netif.mac.empty())
            netif.mac = generate_mac(ctid, netif.ifname, has_mac);
        if (netif.host_ifname.empty())
            netif.host_ifname = generate_host_ifname(ctid, has_name);
        if (netif.host_mac.empty())
            netif.host_mac = k_default_host_mac;
    }
}

Result<Netif> parse_netif_add(std::string_view text) {
    static const std::string keys[] = {"ifname", "mac", "host_ifname", "host_mac", "bridge"};
    const auto values = text::split(text, ',');
    if (values.size() > std::size(keys))
        return bad("NAME[,MAC[,HOST_NAME[,HOST_MAC[,BRIDGE]]]] expected", text);
    Netif netif;
    for (std::size_t i = 0; i < values.size(); ++i)
        if (const std::string value(text::trim(values[i])); !value.empty())
            VZ_TRY(take(netif, keys[i], value));
    if (netif.ifname.empty())
        return bad("a name expected", text);
    return netif;
}

std::string generate_mac(std::uint32_t ctid, std::string_view ifname, const IsTaken& taken) {
    for (unsigned round = 0;; ++round) {
        const auto value = hash(format("{} {} {}", ctid, ifname, round));
        auto mac =
            format("00:18:51:{:02x}:{:02x}:{:02x}", value >> 16 & 0xff, value >> 8 & 0xff, value & 0xff);
        if (round > 1000 || !taken(mac))
            return mac;
    }
}

std::string generate_host_ifname(std::uint32_t ctid, const IsTaken& taken) {
    // Ten digits leave no room for four letters.
    const std::string_view prefix = std::to_string(ctid).size() > 8 ? "ve" : "veth";
    for (unsigned n = 0;; ++n)
        if (auto name = format("{}{}.{}", prefix, ctid, n); n > 99 || !taken(name))
            return name;
}

Result<std::string> parse_netdev(std::string_view text) {
    for (const std::string_view ours : {"lo", "all", "default"})
        if (text == ours)
            return fail(Errc::net_device, "{} cannot be given to a container", text);
    for (const std::string_view head : {"venet", "tun", "tap"})
        if (starts_with(text, head))
            return fail(Errc::net_device, "{} cannot be given to a container", text::printable(text));
    if (!is_plain_name(text) || text.find_first_of("@:") != std::string_view::npos)
        return fail(Errc::net_device, "not a name of a network device: {}", text::printable(text));
    return std::string(text);
}

} // namespace vz::network
