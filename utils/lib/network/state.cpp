// SPDX-License-Identifier: GPL-2.0-or-later
// The present state, from the JSON of ip(8), and the record file.
#include "vz/base/text.hpp"
#include "vz/network/plan.hpp"

#include <algorithm>
#include <limits>

namespace vz::network {

namespace {

// Names that may be written into a batch or a rule; the kernel allows more (quotes, "*"), nobody uses it.
bool is_plain_name(std::string_view name) {
    return !name.empty() && name.size() <= 15 && name.front() != '-' &&
           std::all_of(name.begin(), name.end(), [](unsigned char c) {
               return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.' || c == ':' || c == '@';
           });
}

bool is_mac(std::string_view text) {
    const auto bytes = text::split(text, ':');
    return bytes.size() == 6 && std::all_of(bytes.begin(), bytes.end(), [](const std::string& byte) {
               return byte.size() == 2 && byte.find_first_not_of("0123456789abcdef") == std::string::npos;
           });
}

bool has_flag(const Json& object, std::string_view key, std::string_view flag) {
    const Json* flags = object.find(key);
    const auto* list = flags ? flags->as_array() : nullptr;
    return list && std::any_of(list->begin(), list->end(), [&](const Json& entry) {
               const auto* text = entry.as_string();
               return text && *text == flag;
           });
}

unsigned small_number(const Json& object, std::string_view key) {
    const Json* value = object.find(key);
    return value ? static_cast<unsigned>(std::min<std::uint64_t>(value->as_uint(), 1U << 30)) : 0;
}

std::optional<Subnet> parse_subnet(const Json& info) {
    const auto ip = Ip::parse(info.string_or("local"));
    if (!ip)
        return std::nullopt;
    return Subnet{*ip, small_number(info, "prefixlen"), Ip::parse(info.string_or("broadcast")),
                  info.string_or("scope") == "link"};
}

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

// The documents of one `ip -j -batch`, in order. An empty list may be printed as nothing by some versions, so
// the number of lines tells nothing: each document is known by what its objects carry.
Result<std::vector<Json>> objects_of(std::string_view output) {
    std::vector<Json> objects;
    for (const auto& line : text::split(output, '\n')) {
        if (text::trim(line).empty())
            continue;
        VZ_ASSIGN(const Json document, Json::parse(line).context("output of ip"));
        if (!document.as_array())
            return fail(Errc::system, "output of ip: not a list");
        for (const Json& object : *document.as_array())
            if (object.as_object() && !object.as_object()->empty()) // ip prints {} for what it filtered out
                objects.push_back(object);
    }
    return objects;
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
