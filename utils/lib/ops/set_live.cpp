// SPDX-License-Identifier: GPL-2.0-or-later
#include "set_live.hpp"

#include "attachment.hpp"
#include "ct_devices.hpp"
#include "enforce.hpp"
#include "net_policy.hpp"
#include "net_settings.hpp"
#include "vz/config/registry.hpp"
#include "vz/network/routed.hpp"
#include "vz/ops/bind_mounts.hpp"
#include "vz/ops/guest_identity.hpp"
#include "vz/ops/mount.hpp"
#include "vz/sys/process.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

namespace vz::ops {

namespace {

// The kernel's own name of the running container: its UTS namespace (namespaces(7)).
Result<void> set_live_hostname(pid_t init, const std::string& name) {
    const sys::Fd uts(::open(format("/proc/{}/ns/uts", init).c_str(), O_RDONLY | O_CLOEXEC));
    if (!uts)
        return sys_fail(errno, Errc::hostname, "open the container's UTS namespace");
    VZ_TRY(sys::run_in_child([&]() -> Result<std::string> {
        if (::setns(uts.get(), CLONE_NEWUTS) != 0 || ::sethostname(name.data(), name.size()) != 0)
            return sys_fail(errno, Errc::hostname, "set the host name");
        return std::string();
    }));
    return {};
}

Result<void> apply_addresses(const Context& context, const config::Container& container,
                             const Runtime& runtime) {
    const sys::Fd net_ns(::open(format("/proc/{}/ns/net", runtime.init).c_str(), O_RDONLY | O_CLOEXEC));
    if (!net_ns)
        return sys_fail(errno, Errc::add_ip, "open the container's network namespace");
    const network::Routed routed(network_policy(context.host, context.out), context.out);
    const auto addresses = configured_addresses(container, context.out);
    VZ_TRY(routed.bring_up({container.ctid().value(), net_ns.get(), addresses}));
    return routed.announce(addresses);
}

// After a failure the interfaces are what they were, as far as that is possible.
Result<void> apply_interfaces(const Context& context, const config::Container& wanted,
                              const Runtime& runtime) {
    const auto before = config::load_container(context.host, wanted.ctid());
    const auto old_netifs = before ? netifs_of(*before).value_or({}) : std::vector<network::Netif>{};
    auto done =
        bring_network_up(context.host, wanted, runtime.init, Parts::not_routed, old_netifs, context.out);
    if (!done && before)
        (void)bring_network_up(context.host, *before, runtime.init, Parts::not_routed,
                               netifs_of(wanted).value_or({}), silent_reporter());
    return done;
}

Result<void> apply_identity(const Context& context, const config::Container& container,
                            const Changes& changes) {
    const auto identity = identity_of(container, context.out);
    const bool named = changes_any(changes, {"HOSTNAME"});
    const bool moved = changes_any(changes, {"IP_ADDRESS", "NETIF"});
    const bool resolver = changes_any(changes, {"NAMESERVER", "SEARCHDOMAIN"});
    return in_guest_files(container, [&](const sys::Dir& root) -> Result<void> {
        if (named)
            VZ_TRY(guest::set_hostname(root, identity.hostname).as(Errc::hostname));
        if (named || moved)
            VZ_TRY(guest::set_hosts(root, identity.hostname, identity.addresses).as(Errc::hostname));
        if (changes_any(changes, {"NETIF"}))
            VZ_TRY(guest::set_interfaces(root, guest_interfaces(container)));
        if (resolver)
            VZ_TRY(
                guest::set_resolver(root, identity.nameservers, identity.search_domains, guest::Empty::clear)
                    .as(Errc::dns));
        return {};
    });
}

Result<void> apply_binds(const config::Container& container, const Runtime& runtime,
                         const SetRequest& request) {
    for (const auto& target : request.bind_del)
        VZ_TRY(detach_bind(container, runtime.init, target));
    for (const auto& word : request.bind_add) {
        VZ_ASSIGN(const auto bind, parse_bind(word));
        VZ_TRY(attach_bind(container, runtime.init, bind));
    }
    return {};
}

Result<void> apply_limits(const Context& context, const config::Container& wanted, const Runtime& runtime,
                          const SetRequest& request) {
    if (request.reset_limits)
        VZ_TRY(enforce_all(wanted, runtime, context.out));
    std::vector<std::string> keys;
    for (const auto& [key, value] : request.changes)
        if (is_limit_key(key))
            keys.push_back(key);
    return keys.empty() ? Result<void>() : enforce(wanted, runtime, keys, context.out);
}

} // namespace

bool changes_any(const Changes& changes, std::initializer_list<std::string_view> keys) {
    return std::any_of(changes.begin(), changes.end(), [&](const auto& change) {
        return std::find(keys.begin(), keys.end(), change.first) != keys.end();
    });
}

std::vector<std::string> keys_for_next_start(const config::Container& now, const Changes& changes) {
    std::vector<std::string> out;
    for (const auto& [key, value] : changes) {
        const auto* setting = setting_for_key(key);
        if (setting && setting->applies == Applies::next_start && now.get_own(key) != value)
            out.push_back(key);
    }
    return out;
}

Result<void> apply_live(const Context& context, const config::Container& before,
                        const config::Container& wanted, const Runtime& runtime, const SetRequest& request) {
    const auto& changes = request.changes;
    VZ_TRY(apply_limits(context, wanted, runtime, request));
    if (changes_any(changes, {"DEVICES", "DEVNODES"}))
        VZ_TRY(change_devices(context.engine, before, wanted, runtime, context.out));
    if (changes_any(changes, {"IP_ADDRESS"}))
        VZ_TRY(apply_addresses(context, wanted, runtime));
    if (changes_any(changes, {"NETIF", "NETDEV", "FIREWALL", "FIREWALL_POLICY", "FIREWALL_OUT",
                              "FIREWALL_OUT_POLICY"}))
        VZ_TRY(apply_interfaces(context, wanted, runtime));
    if (changes_any(changes, {"HOSTNAME"}))
        VZ_TRY(set_live_hostname(runtime.init, wanted.hostname()));
    if (changes_any(changes, {"HOSTNAME", "IP_ADDRESS", "NETIF", "NAMESERVER", "SEARCHDOMAIN"}))
        VZ_TRY(apply_identity(context, wanted, changes));
    return apply_binds(wanted, runtime, request);
}

} // namespace vz::ops
