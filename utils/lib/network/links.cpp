// SPDX-License-Identifier: GPL-2.0-or-later
#include "links.hpp"

#include "documents.hpp"
#include "names.hpp"
#include "vz/base/text.hpp"

#include <algorithm>
#include <cctype>

namespace vz::network {

namespace {

// Routes of ours have a metric from here on, so that a routed device (metric 0) goes first and others' stay.
constexpr unsigned k_first_metric = 100;
constexpr unsigned k_last_metric = 199;

void take_kind(LinkInfo& link, const Json& object) {
    const Json* info = object.find("linkinfo");
    if (!info)
        return;
    link.kind = info->string_or("info_kind");
    const Json* data = info->find("info_data");
    if (!data || !data->as_object())
        return;
    if (link.kind == "vlan")
        link.vlan = small_number(*data, "id");
    if (link.kind == "bridge") {
        link.vlan_aware = small_number(*data, "vlan_filtering") != 0;
        link.default_vlan = small_number(*data, "vlan_default_pvid");
    }
}

LinkInfo parse_link(const Json& object) {
    LinkInfo link;
    link.name = object.string_or("ifname");
    link.index = small_number(object, "ifindex");
    link.peer_index = small_number(object, "link_index");
    if (const auto mac = object.string_or("address"); is_mac(mac))
        link.mac = mac;
    link.mtu = small_number(object, "mtu");
    link.master = object.string_or("master");
    link.lower = object.string_or("link");
    take_kind(link, object);
    if (const Json* infos = object.find("addr_info"); infos && infos->as_array())
        for (const Json& info : *infos->as_array())
            if (auto subnet = parse_subnet(info))
                link.subnets.push_back(*subnet);
    return link;
}

bool contains(const std::vector<Address>& list, const Address& address) {
    return std::any_of(list.begin(), list.end(), [&](const Address& other) {
        return other == address && other.prefix() == address.prefix();
    });
}

std::string with_prefix(const Address& address) {
    return format("{}/{}", address.ip().text(), address.prefix().value_or(address.ip().width()));
}

bool has_subnet(const LinkInfo* device, const Address& address) {
    return device && std::any_of(device->subnets.begin(), device->subnets.end(), [&](const Subnet& subnet) {
               return subnet.address == address.ip() &&
                      subnet.prefix == address.prefix().value_or(address.ip().width());
           });
}

std::string address_lines(const LinkInfo* device, const Netif& netif, const Netif* before) {
    std::string out;
    if (before)
        for (const Address& address : before->addresses)
            if (!contains(netif.addresses, address) && has_subnet(device, address))
                out += format("address del {} dev {}\n", with_prefix(address), netif.ifname);
    for (const Address& address : netif.addresses)
        if (!has_subnet(device, address))
            out += format("address add {} {}dev {}{}\n", with_prefix(address),
                          address.family() == Family::ipv4 ? "brd + " : "", netif.ifname,
                          address.family() == Family::ipv6 ? " nodad" : "");
    return out;
}

bool is_wanted(const Netif& netif, const DefaultRoute& route, unsigned metric) {
    return route.metric == metric &&
           std::find(netif.gateways.begin(), netif.gateways.end(), route.gateway) != netif.gateways.end();
}

std::string route_lines(const Links& guest, const Netif& netif, unsigned metric) {
    std::string out;
    for (const auto& route : guest.defaults)
        if (route.device == netif.ifname && route.metric >= k_first_metric && route.metric <= k_last_metric &&
            !is_wanted(netif, route, metric))
            out += format("route del default via {} dev {} metric {}\n", route.gateway.text(), netif.ifname,
                          route.metric);
    for (const Ip& gateway : netif.gateways)
        out += format("route replace default via {} dev {} onlink metric {}\n", gateway.text(), netif.ifname,
                      metric);
    return out;
}

} // namespace

const LinkInfo* Links::find(std::string_view name) const {
    const auto found =
        std::find_if(devices.begin(), devices.end(), [&](const LinkInfo& link) { return link.name == name; });
    return found == devices.end() ? nullptr : &*found;
}

const LinkInfo* Links::at(unsigned index) const {
    const auto found = std::find_if(devices.begin(), devices.end(),
                                    [&](const LinkInfo& link) { return link.index == index; });
    return found == devices.end() ? nullptr : &*found;
}

std::string links_query() {
    return "address show\nroute show table all default\n";
}

Result<Links> parse_links(std::string_view output) {
    VZ_ASSIGN(const auto objects, objects_of(output));
    Links links;
    for (const Json& object : objects) {
        if (object.find("ifname")) {
            links.devices.push_back(parse_link(object));
        } else if (object.string_or("dst") == "default" && !object.find("table")) {
            if (const auto gateway = Ip::parse(object.string_or("gateway")))
                links.defaults.push_back({object.string_or("dev"), *gateway, small_number(object, "metric")});
        }
    }
    return links;
}

Result<Socket> find_socket(const Links& host, const Netif& netif) {
    if (netif.bridge.empty()) {
        if (netif.vlan)
            return fail(Errc::veth, "{}: a VLAN needs a bridge", netif.ifname);
        return Socket{};
    }
    const LinkInfo* device = host.find(netif.bridge);
    if (!device)
        return fail(Errc::veth, "bridge {} does not exist (make it with: ip link add {} type bridge)",
                    netif.bridge, netif.bridge);
    std::optional<std::uint16_t> vlan = netif.vlan;
    if (device->kind == "vlan") {
        const LinkInfo* lower = host.find(device->lower);
        if (lower && lower->kind == "bridge" && (!vlan || *vlan == device->vlan)) {
            vlan = static_cast<std::uint16_t>(device->vlan);
            device = lower;
        } else if (const LinkInfo* master = host.find(device->master)) {
            device = master;
        } else if (lower && lower->kind == "bridge") {
            return fail(Errc::veth, "{}: {} is VLAN {}, and not {} (take that away with --vlan none)",
                        netif.ifname, netif.bridge, device->vlan, *vlan);
        }
    }
    if (device->kind != "bridge")
        return fail(Errc::veth, "{} is no bridge, and no VLAN device of one", netif.bridge);
    if (vlan && !device->vlan_aware)
        return fail(Errc::veth,
                    "{} takes no VLANs (switch it on with: ip link set {} type bridge vlan_filtering 1)",
                    device->name, device->name);
    return Socket{device->name, vlan, device->mtu, device->vlan_aware ? device->default_vlan : 0};
}

bool is_connected(const Links& host, const Links& guest, const Netif& netif) {
    const LinkInfo* outside = host.find(netif.host_ifname);
    const LinkInfo* inside = guest.find(netif.ifname);
    return outside && inside && outside->kind == "veth" && inside->kind == "veth" &&
           outside->peer_index == inside->index && inside->peer_index == outside->index;
}

std::string plan_netif_inside(const Links& guest, const Netif& netif, const Netif* before,
                              unsigned position) {
    const LinkInfo* device = guest.find(netif.ifname);
    std::string out;
    if (device && device->mac != netif.mac)
        out += format("link set dev {} address {}\n", netif.ifname, netif.mac);
    out += format("link set dev {} up\n", netif.ifname);
    return out + address_lines(device, netif, before) +
           route_lines(guest, netif, std::min(k_first_metric + position, k_last_metric));
}

std::vector<std::uint16_t> parse_port_vlans(std::string_view output) {
    std::vector<std::uint16_t> vlans;
    const auto objects = objects_of(output);
    if (!objects)
        return vlans;
    for (const Json& object : *objects) {
        const Json* list = object.find("vlans");
        if (!list || !list->as_array())
            continue;
        for (const Json& entry : *list->as_array())
            for (unsigned vlan = small_number(entry, "vlan"), end = small_number(entry, "vlanEnd");
                 vlan >= 1 && vlan <= 4094 && (vlan == small_number(entry, "vlan") || vlan <= end); ++vlan)
                vlans.push_back(static_cast<std::uint16_t>(vlan));
    }
    return vlans;
}

// First the right one: a port is never in no VLAN and never takes untagged frames for a wrong one.
std::string plan_port_vlan(const std::string& port, const std::vector<std::uint16_t>& present,
                           std::uint16_t vlan) {
    std::string out = format("vlan add dev {} vid {} pvid untagged\n", port, vlan);
    for (const auto other : present)
        if (other != vlan)
            out += format("vlan del dev {} vid {}\n", port, other);
    return out;
}

} // namespace vz::network
