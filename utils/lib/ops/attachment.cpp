// SPDX-License-Identifier: GPL-2.0-or-later
#include "attachment.hpp"

#include "net_policy.hpp"
#include "vz/base/text.hpp"
#include "vz/network/routed.hpp"
#include "vz/sys/fd.hpp"

#include <cerrno>
#include <fcntl.h>

namespace vz::ops {

namespace {

Error in_conf(Error error, const config::Container& container, std::string_view key, Errc code) {
    return std::move(error).context(format("{} of {}", key, container.ctid().value())).as(code);
}

Result<network::FirewallList> firewall_list(const config::Container& container, const std::string& rules_key,
                                            const std::string& policy_key) {
    auto rules = network::parse_rules(container.get_or(rules_key, ""));
    if (!rules)
        return in_conf(std::move(rules).error(), container, rules_key, Errc::bad_config);
    auto policy = network::parse_policy(container.get_or(policy_key, ""));
    if (!policy)
        return in_conf(std::move(policy).error(), container, policy_key, Errc::bad_config);
    return network::FirewallList{*std::move(rules), *std::move(policy)};
}

Result<std::vector<std::string>> netdevs_of(const config::Container& container) {
    std::vector<std::string> devices;
    for (const auto& word : text::words(container.get_or("NETDEV", ""))) {
        auto device = network::parse_netdev(word);
        if (!device)
            return in_conf(std::move(device).error(), container, "NETDEV", Errc::net_device);
        devices.push_back(*std::move(device));
    }
    return devices;
}

} // namespace

std::string network_state_dir(const config::Host& host) {
    return host.paths.run_dir() + "/net";
}

Result<std::vector<network::Netif>> netifs_of(const config::Container& container) {
    auto netifs = network::parse_netifs(container.get_own("NETIF"));
    if (!netifs)
        return in_conf(std::move(netifs).error(), container, "NETIF", Errc::veth);
    network::complete(*netifs, container.ctid().value());
    return netifs;
}

Result<network::Firewall> firewall_of(const config::Container& container) {
    VZ_ASSIGN(auto in, firewall_list(container, "FIREWALL", "FIREWALL_POLICY"));
    VZ_ASSIGN(auto out, firewall_list(container, "FIREWALL_OUT", "FIREWALL_OUT_POLICY"));
    return network::Firewall{std::move(in), std::move(out)};
}

Result<network::Attachment> attachment_of(const config::Container& container) {
    network::Attachment attachment;
    attachment.ctid = container.ctid().value();
    VZ_ASSIGN(attachment.netifs, netifs_of(container));
    VZ_ASSIGN(attachment.devices, netdevs_of(container));
    VZ_ASSIGN(attachment.firewall, firewall_of(container));
    return attachment;
}

std::vector<network::Address> netif_addresses(const config::Container& container) {
    std::vector<network::Address> out;
    const auto netifs = netifs_of(container);
    if (!netifs)
        return out;
    for (const auto& netif : *netifs)
        out.insert(out.end(), netif.addresses.begin(), netif.addresses.end());
    return out;
}

std::vector<guest::Interface> guest_interfaces(const config::Container& container) {
    std::vector<guest::Interface> out;
    const auto netifs = netifs_of(container);
    if (!netifs)
        return out;
    for (const auto& netif : *netifs)
        if (!netif.addresses.empty() || netif.dhcp)
            out.push_back({netif.ifname, netif.addresses.empty() ? guest::Configured::by_dhcp
                                                                 : guest::Configured::from_outside});
    return out;
}

Result<void> bring_network_up(const config::Host& host, const config::Container& container, pid_t init,
                              Parts parts, const std::vector<network::Netif>& before, Reporter& out) {
    VZ_ASSIGN(auto attachment, attachment_of(container));
    const sys::Fd net_ns(::open(format("/proc/{}/ns/net", init).c_str(), O_RDONLY | O_CLOEXEC));
    if (!net_ns)
        return sys_fail(errno, Errc::environment, "open the container's network namespace");
    attachment.guest_net_ns = net_ns.get();
    attachment.before = before;
    const network::Bridged bridged(network_state_dir(host), out);
    VZ_TRY(bridged.bring_up(attachment));
    if (parts == Parts::not_routed)
        return {};
    const network::Routed routed(network_policy(host, out), out);
    return routed.bring_up({container.ctid().value(), net_ns.get(), configured_addresses(container, out)});
}

void take_network_down(const config::Host& host, config::Ctid ctid, Reporter& out) {
    const network::Routed routed(network_policy(host, silent_reporter()));
    const network::Bridged bridged(network_state_dir(host));
    for (auto& down : {bridged.take_down(ctid.value()), routed.take_down(ctid.value())})
        if (!down)
            out.warning(format("take the network of {} down: {}", ctid.value(), down.error().what));
}

void announce_addresses(const Context& context, const config::Container& container) {
    const network::Routed routed(network_policy(context.host, silent_reporter()));
    (void)routed.announce(configured_addresses(container, silent_reporter()));
}

} // namespace vz::ops
