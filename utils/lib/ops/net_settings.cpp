// SPDX-License-Identifier: GPL-2.0-or-later
#include "net_settings.hpp"

#include "attachment.hpp"
#include "vz/base/text.hpp"
#include "vz/config/registry.hpp"

#include <algorithm>
#include <set>

namespace vz::ops {

namespace {

using network::Netif;
using Netifs = std::vector<Netif>;

auto find(Netifs& netifs, const std::string& name) {
    return std::find_if(netifs.begin(), netifs.end(),
                        [&](const Netif& netif) { return netif.ifname == name; });
}

Error none_such(const std::string& name) {
    return fail(Errc::bad_value, "the container has no bridged interface {}", text::printable(name));
}

// Two machines of one MAC address on one bridge would both be unreachable.
std::set<std::string> macs_of_others(const Context& context, config::Ctid except) {
    std::set<std::string> macs;
    for (const auto ctid : config::list_ctids(context.host.paths).value_or({})) {
        const auto container = config::load_container(context.host, ctid);
        if (ctid == except || !container)
            continue;
        for (const auto& netif : netifs_of(*container).value_or({}))
            macs.insert(netif.mac);
    }
    return macs;
}

Result<void> add(const Context& context, config::Ctid ctid, Netifs& netifs, const std::string& text) {
    VZ_ASSIGN(auto netif, network::parse_netif_add(text).context("--netif_add"));
    if (find(netifs, netif.ifname) != netifs.end())
        return fail(Errc::bad_value, "--netif_add: the container has an interface {} already", netif.ifname);
    if (netif.mac.empty()) {
        const auto taken = macs_of_others(context, ctid);
        netif.mac = network::generate_mac(ctid.value(), netif.ifname,
                                          [&](const std::string& mac) { return taken.count(mac) > 0; });
    }
    netifs.push_back(std::move(netif));
    network::complete(netifs, ctid.value());
    return {};
}

Result<void> remove(Netifs& netifs, const std::string& name) {
    if (name == "all") {
        netifs.clear();
        return {};
    }
    const auto found = find(netifs, name);
    if (found == netifs.end())
        return none_such(name);
    netifs.erase(found);
    return {};
}

Result<void> change_addresses(Netif& netif, const SetRequest& request) {
    for (const auto& text : request.ip_del) {
        if (text == "all") {
            netif.addresses.clear();
            continue;
        }
        VZ_ASSIGN(const auto gone, network::Address::parse(text));
        std::erase(netif.addresses, gone);
    }
    for (const auto& text : request.ip_add) {
        VZ_ASSIGN(auto address, network::Address::parse(text));
        std::erase(netif.addresses, address); // with another prefix length, perhaps
        netif.addresses.push_back(address);
    }
    return {};
}

Result<void> edit(Netifs& netifs, SetRequest& request) {
    const auto found = find(netifs, request.interfaces.ifname);
    if (found == netifs.end())
        return none_such(request.interfaces.ifname);
    for (const auto& [key, value] : request.interfaces.values)
        VZ_TRY(network::set_value(*found, key, value).context("--" + key));
    VZ_TRY(change_addresses(*found, request));
    request.ip_add.clear();
    request.ip_del.clear();
    return {};
}

// Names and MAC addresses that two interfaces would share.
Result<void> check_apart(const Netifs& netifs) {
    VZ_TRY(network::parse_netifs(network::netifs_text(netifs)));
    return {};
}

Result<void> plan_netdevs(const config::Container& container, SetRequest& request) {
    const auto& wanted = request.interfaces;
    if (wanted.device_add.empty() && wanted.device_del.empty())
        return {};
    auto devices = text::words(container.get_own("NETDEV"));
    for (const auto& name : wanted.device_del)
        if (std::erase(devices, name) == 0)
            return fail(Errc::net_device, "--netdev_del: the container was not given a device {}",
                        text::printable(name));
    for (const auto& name : wanted.device_add) {
        VZ_ASSIGN(auto device, network::parse_netdev(name).context("--netdev_add"));
        if (std::find(devices.begin(), devices.end(), device) == devices.end())
            devices.push_back(std::move(device));
    }
    request.changes.emplace_back("NETDEV", text::join(devices, " "));
    return {};
}

} // namespace

Result<std::vector<std::string>> plan_interfaces(const Context& context, const config::Container& container,
                                                 SetRequest& request) {
    const auto& wanted = request.interfaces;
    std::vector<std::string> new_addresses;
    VZ_TRY(plan_netdevs(container, request));
    if (wanted.ifname.empty() && !wanted.values.empty())
        return fail(Errc::bad_syntax, "--{} needs --ifname", wanted.values[0].first);
    if (wanted.add.empty() && wanted.del.empty() && wanted.ifname.empty())
        return new_addresses;
    VZ_ASSIGN(auto netifs, netifs_of(container));
    for (const auto& name : wanted.del)
        VZ_TRY(remove(netifs, name));
    for (const auto& text : wanted.add)
        VZ_TRY(add(context, container.ctid(), netifs, text));
    if (!wanted.ifname.empty()) {
        new_addresses = request.ip_add;
        VZ_TRY(edit(netifs, request));
    }
    VZ_TRY(check_apart(netifs));
    request.changes.emplace_back("NETIF", network::netifs_text(netifs));
    return new_addresses;
}

Result<void> plan_firewall(const config::Container& container, SetRequest& request) {
    if (!request.firewall)
        return {};
    const auto& edit = *request.firewall;
    VZ_ASSIGN(const auto firewall, firewall_of(container));
    const std::string key = edit.out ? "FIREWALL_OUT" : "FIREWALL";
    VZ_ASSIGN(const auto given, network::parse_rules(text::join(edit.rules, " ")));
    auto rules = edit.out ? firewall.out.rules : firewall.in.rules;
    if (edit.kind == FirewallEdit::Kind::replace)
        rules.clear();
    for (const auto& rule : given) {
        const auto removed = std::erase(rules, rule); // added again, it goes last
        if (edit.kind != FirewallEdit::Kind::remove)
            rules.push_back(rule);
        else if (removed == 0)
            return fail(Errc::bad_value, "there is no rule {}", rule.text());
    }
    request.changes.emplace_back(key, network::rules_text(rules));
    if (edit.policy) {
        VZ_TRY(network::parse_policy(*edit.policy));
        request.changes.emplace_back(key + "_POLICY", *edit.policy);
    }
    return {};
}

} // namespace vz::ops
