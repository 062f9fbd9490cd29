// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/network/plan.hpp"

#include <algorithm>

namespace vz::network {

namespace {

bool contains(const std::vector<Ip>& list, const Ip& ip) {
    return std::find(list.begin(), list.end(), ip) != list.end();
}

bool has_family(const std::vector<Ip>& list, Family family) {
    return std::any_of(list.begin(), list.end(), [&](const Ip& ip) { return ip.family() == family; });
}

const Ip* first_of(const std::vector<Ip>& list, Family family) {
    const auto found =
        std::find_if(list.begin(), list.end(), [&](const Ip& ip) { return ip.family() == family; });
    return found == list.end() ? nullptr : &*found;
}

bool has_neighbour(const std::vector<StaticNeighbour>& list, const Ip& ip, std::string_view mac) {
    return std::any_of(list.begin(), list.end(),
                       [&](const StaticNeighbour& entry) { return entry.address == ip && entry.mac == mac; });
}

bool has_address(const Device& device, const Ip& ip) {
    return std::any_of(device.subnets.begin(), device.subnets.end(),
                       [&](const Subnet& subnet) { return subnet.address == ip; });
}

// The host's address on VE_ROUTE_SRC_DEV, by family.
std::optional<Ip> route_source(const HostState& state, const Policy& policy, Family family) {
    const Device* device = policy.route_src_device ? state.find(*policy.route_src_device) : nullptr;
    if (!device)
        return std::nullopt;
    for (const Subnet& subnet : device->subnets)
        if (!subnet.link_scope && subnet.address.family() == family)
            return subnet.address;
    return std::nullopt;
}

std::string link_lines(const HostState& state, const Wanted& wanted) {
    const std::string name = device_name(wanted.ctid);
    const Device* device = state.find(name);
    std::string out;
    if (!device || !device->up || device->mac != k_host_mac || device->mtu != wanted.mtu)
        out += format("link set dev {} address {} mtu {} up\n", name, k_host_mac, wanted.mtu);
    const Ip gateway = *Ip::parse(k_gateway6);
    if (has_family(wanted.addresses, Family::ipv6) && (!device || !has_address(*device, gateway)))
        out += format("address add {}/64 dev {} nodad\n", k_gateway6, name);
    return out;
}

// Routes and neighbours that the container must no longer have.
std::string unwanted_lines(const HostState& state, std::uint32_t ctid, const std::vector<Ip>& addresses) {
    const std::string name = device_name(ctid);
    std::string out;
    for (const auto& route : state.routes)
        if (route.device == name && !contains(addresses, route.address))
            out += format("route del {} dev {}\n", route.address.host_route(), name);
    for (const auto& neighbour : state.neighbours)
        if (!contains(addresses, neighbour.address))
            out += format("neigh del {} dev {}\n", neighbour.address.text(), name);
    return out;
}

// "add", not "replace", for a new route: replacing would silently take another container's address away.
std::string route_line(const HostState& state, const Wanted& wanted, const Policy& policy, const Ip& ip) {
    const std::string name = device_name(wanted.ctid);
    const auto source = route_source(state, policy, ip.family());
    const auto found = std::find_if(state.routes.begin(), state.routes.end(), [&](const HostRoute& route) {
        return route.address == ip && route.device == name;
    });
    if (found != state.routes.end() && found->source == source)
        return {};
    return format("route {} {} dev {}{}\n", found == state.routes.end() ? "add" : "replace", ip.host_route(),
                  name, source ? " src " + source->text() : "");
}

std::string wanted_lines(const HostState& state, const Wanted& wanted, const Policy& policy) {
    std::string out;
    for (const Ip& ip : wanted.addresses) {
        if (!has_neighbour(state.neighbours, ip, wanted.guest_mac))
            out += format("neigh replace {} lladdr {} dev {} nud permanent\n", ip.text(), wanted.guest_mac,
                          device_name(wanted.ctid));
        out += route_line(state, wanted, policy, ip);
    }
    return out;
}

std::string proxy_line(std::string_view verb, const ProxyEntry& entry) {
    return format("neigh {} proxy {} dev {}\n", verb, entry.address.text(), entry.device);
}

// An entry that is there and not in the record is the administrator's own: neither made nor removed by us.
Record wanted_proxies(const HostState& state, const Wanted& wanted, const Policy& policy,
                      const Record& before) {
    Record out;
    for (const Ip& ip : wanted.addresses)
        for (const Device* device : neighbour_devices(state, ip, policy.neighbours))
            if (const ProxyEntry entry{device->name, ip};
                before.proxies.count(entry) != 0 || state.proxies.count(entry) == 0)
                out.proxies.insert(entry);
    return out;
}

std::string proxy_lines(const HostState& state, const Record& before, const Record& after) {
    std::string out;
    for (const auto& entry : before.proxies)
        if (after.proxies.count(entry) == 0 && state.proxies.count(entry) != 0)
            out += proxy_line("del", entry);
    for (const auto& entry : after.proxies)
        if (state.proxies.count(entry) == 0)
            out += proxy_line("add", entry);
    return out;
}

Record both(const Record& a, const Record& b) {
    Record out = a;
    out.proxies.insert(b.proxies.begin(), b.proxies.end());
    return out;
}

std::string guest_neighbour_line(const GuestState& state, std::string_view gateway) {
    if (has_neighbour(state.neighbours, *Ip::parse(gateway), k_host_mac))
        return {};
    return format("neigh replace {} lladdr {} dev {} nud permanent\n", gateway, k_host_mac, k_guest_device);
}

std::string guest_address_lines(const GuestState& state, const Wanted& wanted) {
    std::string out;
    for (const Subnet& subnet : state.link.subnets)
        if (!subnet.link_scope &&
            (!contains(wanted.addresses, subnet.address) || subnet.prefix != subnet.address.width()))
            out += format("address del {}/{} dev {}\n", subnet.address.text(), subnet.prefix, k_guest_device);
    for (const Ip& ip : wanted.addresses) {
        const bool there =
            std::any_of(state.link.subnets.begin(), state.link.subnets.end(), [&](const Subnet& subnet) {
                return subnet.address == ip && subnet.prefix == ip.width();
            });
        if (!there)
            out += format("address add {} dev {}{}\n", ip.host_route(), k_guest_device,
                          ip.family() == Family::ipv6 ? " nodad" : "");
    }
    return out;
}

// IPv4 gets its source from the order of the addresses; for IPv6 the rules of RFC 6724 choose better.
std::string guest_route_lines(const GuestState& state, const Wanted& wanted) {
    std::string out;
    if (const Ip* first = first_of(wanted.addresses, Family::ipv4)) {
        out += guest_neighbour_line(state, k_gateway4);
        if (!state.default4 || state.default4_source != *first)
            out += format("route replace default via {} dev {} onlink src {}\n", k_gateway4, k_guest_device,
                          first->text());
    }
    if (has_family(wanted.addresses, Family::ipv6)) {
        out += guest_neighbour_line(state, k_gateway6);
        if (!state.default6)
            out += format("route replace default via {} dev {} onlink\n", k_gateway6, k_guest_device);
    }
    return out;
}

// A default route without an address of its family would give programs a way that leads nowhere. Before the
// addresses go, as the kernel takes the IPv4 route away together with its source address.
std::string guest_unwanted_routes(const GuestState& state, const Wanted& wanted) {
    std::string out;
    if (state.default4 && !has_family(wanted.addresses, Family::ipv4))
        out += format("route del default via {} dev {}\n", k_gateway4, k_guest_device);
    if (state.default6 && !has_family(wanted.addresses, Family::ipv6))
        out += format("route del default via {} dev {}\n", k_gateway6, k_guest_device);
    return out;
}

} // namespace

std::vector<const Device*> neighbour_devices(const HostState& state, const Ip& ip,
                                             const NeighbourDevices& policy) {
    using Mode = NeighbourDevices::Mode;
    std::vector<const Device*> out;
    for (const Device& device : state.devices) {
        const bool named =
            std::find(policy.names.begin(), policy.names.end(), device.name) != policy.names.end();
        if (device.neighbourly && (policy.mode == Mode::all || (policy.mode == Mode::listed && named) ||
                                   (policy.mode == Mode::detect && device.holds(ip))))
            out.push_back(&device);
    }
    return out;
}

std::optional<std::string> other_container(const std::vector<HostRoute>& routes, const Ip& ip,
                                           std::uint32_t ctid) {
    constexpr std::string_view k_prefix = "venet";
    for (const HostRoute& route : routes)
        if (route.address == ip && route.device != device_name(ctid) &&
            route.device.substr(0, k_prefix.size()) == k_prefix)
            return format("container {}", route.device.substr(k_prefix.size()));
    return std::nullopt;
}

unsigned uplink_mtu(const HostState& state) {
    const Device* device = state.default_device ? state.find(*state.default_device) : nullptr;
    // Below 1280 the kernel turns IPv6 off on a device (RFC 8200).
    return device ? std::clamp(device->mtu, 1280U, 65535U) : 1500;
}

HostPlan plan_host(const HostState& state, const Wanted& wanted, const Policy& policy, const Record& before) {
    HostPlan plan;
    plan.record = wanted_proxies(state, wanted, policy, before);
    plan.touched = both(before, plan.record);
    for (const auto& entry : plan.record.proxies)
        if (entry.address.family() == Family::ipv6)
            plan.ndp_devices.insert(entry.device);
    plan.batch = unwanted_lines(state, wanted.ctid, wanted.addresses) + link_lines(state, wanted) +
                 wanted_lines(state, wanted, policy) + proxy_lines(state, before, plan.record);
    return plan;
}

HostPlan plan_removal(const HostState& state, std::uint32_t ctid, const Record& before) {
    HostPlan plan;
    plan.touched = before;
    plan.batch = unwanted_lines(state, ctid, {}) + proxy_lines(state, before, plan.record);
    return plan;
}

std::string plan_guest(const GuestState& state, const Wanted& all) {
    Wanted wanted = all;
    if (state.ipv6_off)
        std::erase_if(wanted.addresses, [](const Ip& ip) { return ip.family() == Family::ipv6; });
    std::string out;
    if (!state.loopback_up)
        out += "link set dev lo up\n";
    if (!state.link.up || state.link.mtu != wanted.mtu)
        out += format("link set dev {} mtu {} up\n", k_guest_device, wanted.mtu);
    out += guest_unwanted_routes(state, wanted);
    GuestState after = state;
    const std::string addresses = guest_address_lines(state, wanted);
    // Removing the source address of the default route removes the route too.
    if (state.default4_source && !contains(wanted.addresses, *state.default4_source))
        after.default4 = false;
    return out + addresses + guest_route_lines(after, wanted);
}

GuestRules plan_rules(const HostState& state, const std::vector<Address>& addresses, std::uint32_t ctid,
                      Policy::Masquerade masquerade) {
    GuestRules rules;
    rules.ctid = ctid;
    for (const Address& address : addresses) {
        rules.addresses.push_back(address.ip());
        if (masquerade == Policy::Masquerade::none || !address.is_private())
            continue;
        Masquerade entry{address.ip(), {}};
        for (const Device& device : state.devices)
            if (device.neighbourly && device.holds(address.ip()))
                entry.direct_devices.push_back(device.name);
        rules.masquerade.push_back(std::move(entry));
    }
    return rules;
}

} // namespace vz::network
