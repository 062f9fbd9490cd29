// SPDX-License-Identifier: GPL-2.0-or-later
#include "sysctl.hpp"

#include "vz/base/text.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"

namespace vz::network {

namespace {

constexpr std::string_view k_net = "/proc/sys/net/";

std::optional<std::string> get(const std::string& key) {
    const auto value = sys::read_kernel_file(std::string(k_net) + key);
    return value ? std::optional(std::string(text::trim(*value))) : std::nullopt;
}

// Only a value that differs is written: where /proc/sys is read-only, right values are enough.
Result<void> set(const std::string& key, std::string_view value) {
    const auto now = get(key);
    if (now && *now == value)
        return {};
    return sys::write_kernel_file(std::string(k_net) + key, value).as(Errc::kernel_unsuitable);
}

// Switching IPv6 forwarding on makes a device with accept_ra=1 deaf to routers, and drops the default route
// that it learned from one, unless it is 2 by then.
Result<void> keep_router_advertisements() {
    VZ_ASSIGN(const auto conf, sys::Dir::open(std::string(k_net) + "ipv6/conf"));
    VZ_ASSIGN(const auto devices, conf.list());
    for (const auto& device : devices) {
        const std::string key = "ipv6/conf/" + device + "/accept_ra";
        if (device != "all" && device != "default" && device != "lo" && device.substr(0, 5) != "venet" &&
            get(key) == "1")
            VZ_TRY(set(key, "2"));
    }
    return {};
}

} // namespace

bool host_has_ipv6() {
    return get("ipv6/conf/all/forwarding").has_value();
}

Result<void> enable_forwarding(Ipv6 ipv6) {
    VZ_TRY(set("ipv4/ip_forward", "1"));
    if (ipv6 == Ipv6::no || get("ipv6/conf/all/forwarding") == "1")
        return {};
    VZ_TRY(keep_router_advertisements());
    return set("ipv6/conf/all/forwarding", "1");
}

Result<void> set_up_device(const std::string& device, Ipv6 ipv6) {
    const std::string v4 = "ipv4/conf/" + device + "/";
    VZ_TRY(set(v4 + "forwarding", "1"));
    VZ_TRY(set(v4 + "proxy_arp", "1"));
    // Strict: each address of the container is routed to this device, so nothing else may come from it; this
    // also keeps forged ARP senders out of the host's neighbour table.
    VZ_TRY(set(v4 + "rp_filter", "1"));
    VZ_TRY(set(v4 + "accept_redirects", "0"));
    VZ_TRY(set("ipv4/neigh/" + device + "/proxy_delay", "0")); // by default up to 0.8 s for the first packet
    if (ipv6 == Ipv6::no)
        return {};
    const std::string v6 = "ipv6/conf/" + device + "/";
    VZ_TRY(set(v6 + "disable_ipv6", "0"));
    VZ_TRY(set(v6 + "accept_ra", "0"));
    VZ_TRY(set(v6 + "accept_redirects", "0"));
    return set(v6 + "forwarding", "1");
}

Result<void> enable_proxy_ndp(const std::set<std::string>& devices) {
    for (const auto& device : devices)
        VZ_TRY(set("ipv6/conf/" + device + "/proxy_ndp", "1"));
    return {};
}

} // namespace vz::network
