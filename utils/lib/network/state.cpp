// SPDX-License-Identifier: GPL-2.0-or-later
// The present state, from the JSON of ip(8), and the record file.
#include "documents.hpp"
#include "names.hpp"
#include "vz/base/text.hpp"
#include "vz/network/plan.hpp"

#include <algorithm>
#include <limits>

namespace vz::network {

namespace {

bool is_ours(std::string_view name) {
    return name.substr(0, 5) == "venet";
}

Device parse_device(const Json& json) {
    Device device;
    device.name = json.string_or("ifname");
    if (const auto mac = json.string_or("address"); is_mac(mac))
        device.mac = mac;
    device.mtu = small_number(json, "mtu");
    device.up = has_flag(json, "flags", "UP");
    device.neighbourly = device.up && json.string_or("link_type") == "ether" && !device.mac.empty() &&
                         has_flag(json, "flags", "BROADCAST") && !has_flag(json, "flags", "NOARP") &&
                         !json.find("master") && !is_ours(device.name) && is_plain_name(device.name);
    if (const Json* infos = json.find("addr_info"); infos && infos->as_array())
        for (const Json& info : *infos->as_array())
            if (auto subnet = parse_subnet(info))
                device.subnets.push_back(*subnet);
    return device;
}

bool is_link(const Json& object) {
    return object.find("ifname") != nullptr;
}
bool is_proxy(const Json& object) {
    return object.find("proxy") != nullptr;
}
bool is_neighbour(const Json& object) {
    return object.find("state") != nullptr;
}
bool is_default(const Json& object) {
    return object.string_or("dst") == "default";
}

std::optional<StaticNeighbour> parse_neighbour(const Json& object) {
    const auto ip = Ip::parse(object.string_or("dst"));
    const auto mac = object.string_or("lladdr");
    if (!ip || !is_mac(mac) || !has_flag(object, "state", "PERMANENT"))
        return std::nullopt;
    return StaticNeighbour{*ip, mac};
}

// "10.0.0.1" or "2001:db8::5" in the main table: a route of ours. Networks and ways through the container are
// the administrator's.
std::optional<HostRoute> parse_route(const Json& object, const std::string& device) {
    const auto ip = Ip::parse(object.string_or("dst"));
    if (!ip || object.find("table") || object.find("gateway") || object.string_or("protocol") == "kernel" ||
        object.string_or("type", "unicast") != "unicast")
        return std::nullopt;
    // Asked for the routes of one device, ip does not repeat its name.
    return HostRoute{*ip, object.string_or("dev", device), Ip::parse(object.string_or("prefsrc"))};
}

} // namespace

bool Device::holds(const Ip& ip) const {
    return std::any_of(subnets.begin(), subnets.end(), [&](const Subnet& subnet) {
        return !subnet.link_scope && subnet.prefix < subnet.address.width() &&
               ip.in(subnet.address, subnet.prefix);
    });
}

const Device* HostState::find(std::string_view name) const {
    const auto found = std::find_if(devices.begin(), devices.end(),
                                    [&](const Device& device) { return device.name == name; });
    return found == devices.end() ? nullptr : &*found;
}

std::string host_query(const std::vector<Ip>& addresses, const std::optional<std::string>& device) {
    std::string out = "address show\nroute show table all default\n";
    if (device)
        out += format("route show table all dev {0}\nneigh show dev {0}\n", *device);
    for (const Ip& ip : addresses)
        out += format("route show exact {}\n", ip.host_route());
    return out + "neigh show proxy\n";
}

Result<HostState> parse_host(std::string_view output, const std::optional<std::string>& device) {
    VZ_ASSIGN(const auto objects, objects_of(output));
    HostState state;
    std::uint64_t best = std::numeric_limits<std::uint64_t>::max();
    for (const Json& object : objects) {
        if (is_link(object)) {
            state.devices.push_back(parse_device(object));
        } else if (is_proxy(object)) {
            if (const auto ip = Ip::parse(object.string_or("dst")))
                state.proxies.insert({object.string_or("dev"), *ip});
        } else if (is_neighbour(object)) {
            if (auto neighbour = parse_neighbour(object))
                state.neighbours.push_back(*neighbour);
        } else if (is_default(object)) {
            // IPv6 routes carry a metric of 1024 unless told otherwise, so IPv4 decides where both are there.
            const Json* metric = object.find("metric");
            const std::uint64_t cost = metric ? metric->as_uint() : 0;
            if (const auto uplink = object.string_or("dev"); !uplink.empty() && cost < best) {
                state.default_device = uplink;
                best = cost;
            }
        } else if (auto route = parse_route(object, device.value_or(""))) {
            state.routes.push_back(*route);
        }
    }
    return state;
}

// No "link show" before "address show": ip would then print no addresses (it keeps a filter between the
// lines).
std::string guest_query() {
    return format(
        "address show dev lo\naddress show dev {0}\nroute show table all dev {0}\nneigh show dev {0}\n",
        k_guest_device);
}

Result<GuestState> parse_guest(std::string_view output) {
    VZ_ASSIGN(const auto objects, objects_of(output));
    GuestState state;
    for (const Json& object : objects) {
        if (is_link(object) && object.string_or("ifname") == "lo") {
            state.loopback_up = has_flag(object, "flags", "UP");
        } else if (is_link(object)) {
            state.link = parse_device(object);
        } else if (is_neighbour(object)) {
            if (auto neighbour = parse_neighbour(object))
                state.neighbours.push_back(*neighbour);
        } else if (is_default(object) && !object.find("table")) {
            const auto gateway = object.string_or("gateway");
            if (gateway == k_gateway4) {
                state.default4 = true;
                state.default4_source = Ip::parse(object.string_or("prefsrc"));
            } else if (gateway == k_gateway6) {
                state.default6 = true;
            }
        }
    }
    if (state.link.mac.empty())
        return fail(Errc::net_device, "the container has no Ethernet device {}", k_guest_device);
    return state;
}

std::string Record::text() const {
    std::string out;
    for (const auto& entry : proxies)
        out += format("proxy {} {}\n", entry.device, entry.address.text());
    return out;
}

Record Record::parse(std::string_view text) {
    Record record;
    for (const auto& line : text::split(text, '\n')) {
        const auto words = text::words(line);
        if (words.size() != 3 || words[0] != "proxy" || !is_plain_name(words[1]))
            continue;
        if (const auto ip = Ip::parse(words[2]))
            record.proxies.insert({words[1], *ip});
    }
    return record;
}

Result<NeighbourDevices> NeighbourDevices::parse(std::string_view text) {
    const auto trimmed = text::trim(text);
    if (trimmed.empty() || trimmed == "detect")
        return NeighbourDevices{};
    if (trimmed == "all")
        return NeighbourDevices{Mode::all, {}};
    if (trimmed == "none")
        return NeighbourDevices{Mode::none, {}};
    if (trimmed.substr(0, 5) != "list:")
        return fail(Errc::bad_value, "{}: neither detect, all, none nor list:DEVICE…", text::printable(text));
    NeighbourDevices out{Mode::listed, text::words(trimmed.substr(5))};
    for (const auto& name : out.names)
        if (!is_plain_name(name))
            return fail(Errc::bad_value, "{}: no name of a network device", text::printable(name));
    return out;
}

} // namespace vz::network
