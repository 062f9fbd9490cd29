// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/set.hpp"

#include "attachment.hpp"
#include "census.hpp"
#include "ct_limits.hpp"
#include "enforce.hpp"
#include "net_policy.hpp"
#include "net_settings.hpp"
#include "sample.hpp"
#include "volume.hpp"
#include "vz/base/text.hpp"
#include "vz/config/registry.hpp"
#include "vz/guest/users.hpp"
#include "vz/network/routed.hpp"
#include "vz/ops/bind_mounts.hpp"
#include "vz/ops/guest_identity.hpp"
#include "vz/ops/mount.hpp"
#include "vz/ops/runtime.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/process.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <sched.h>
#include <unistd.h>

namespace vz::ops {

namespace {

using Addresses = std::vector<network::Address>;

bool changes_any(const Changes& changes, std::initializer_list<std::string_view> keys) {
    return std::any_of(changes.begin(), changes.end(), [&](const auto& change) {
        return std::find(keys.begin(), keys.end(), change.first) != keys.end();
    });
}

Result<std::string> new_addresses(const config::Container& container, const SetRequest& request) {
    std::vector<std::string> texts = container.addresses();
    for (const auto& del : request.ip_del) {
        if (del == "all") {
            texts.clear();
            continue;
        }
        VZ_ASSIGN(const auto gone, network::Address::parse(del));
        texts.erase(std::remove_if(texts.begin(), texts.end(),
                                   [&](const std::string& text) {
                                       const auto address = network::Address::parse(text);
                                       return address && *address == gone;
                                   }),
                    texts.end());
    }
    for (const auto& add : request.ip_add) {
        VZ_ASSIGN(const auto address, network::Address::parse(add));
        const bool there = std::any_of(texts.begin(), texts.end(), [&](const std::string& text) {
            const auto other = network::Address::parse(text);
            return other && *other == address;
        });
        if (!there)
            texts.push_back(address.text());
    }
    return text::join(texts, " ");
}

// Addresses that the container does not have yet must be free: by configuration, on the host and on the wire.
Result<void> check_new_addresses(const Context& context, config::Ctid ctid,
                                 const std::vector<std::string>& added) {
    Addresses addresses;
    for (const auto& text : added) {
        VZ_ASSIGN(const auto address, network::Address::parse(text));
        addresses.push_back(address);
    }
    if (addresses.empty())
        return {};
    VZ_ASSIGN(const auto census, take_census(context.host, ctid));
    VZ_TRY(check_addresses_free(census, addresses));
    const network::Routed routed(network_policy(context.host, context.out));
    VZ_ASSIGN(const auto conflicts,
              routed.find_conflicts(addresses, ctid.value(), probe_policy(context.host)));
    if (!conflicts.empty())
        return fail(Errc::ip_in_use, "IP address {} is already in use by {}", conflicts[0].address.text(),
                    text::printable(conflicts[0].owner));
    return {};
}

Result<void> check_name(const Context& context, config::Ctid ctid, const Changes& changes) {
    for (const auto& [key, value] : changes)
        if (key == "NAME" && !value.empty()) {
            VZ_ASSIGN(const auto census, take_census(context.host, ctid));
            VZ_TRY(check_name_free(census, value));
        }
    return {};
}

Result<void> check_savable(const SetRequest& request) {
    for (const auto& [key, value] : request.changes) {
        const Setting* setting = setting_for_key(key);
        if (request.save || !setting || setting->applies != Applies::saved_only)
            continue;
        const auto code = key == "NAME" ? Errc::name : Errc::bad_syntax;
        return fail(code, "--{} needs --save", setting->option);
    }
    return {};
}

Result<void> check_running_container(const SetRequest& request, bool running) {
    if (running && changes_any(request.changes, {"VE_ROOT", "VE_PRIVATE"}))
        return fail(Errc::running, "VE_ROOT and VE_PRIVATE cannot change while the container is running");
    if (!running && request.reset_limits)
        return fail(Errc::not_running, "Container is not running");
    return {};
}

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

// BINDMOUNT as it will be. What is to go must be there, saved or live.
Result<std::string> new_binds(const Context& context, const config::Container& container,
                              const SetRequest& request) {
    VZ_ASSIGN(auto binds, parse_binds(container.get_or("BINDMOUNT", "")));
    const auto live = live_binds(context.host.paths, container.ctid());
    for (const auto& target : request.bind_del) {
        auto rest = without_bind(binds, target);
        if (target != "all" && rest.size() == binds.size() &&
            without_bind(live, target).size() == live.size())
            return fail(Errc::bad_value, "--bindmount_del: nothing is mounted on {}",
                        text::printable(target));
        binds = std::move(rest);
    }
    for (const auto& word : request.bind_add) {
        VZ_ASSIGN(const auto bind, parse_bind(word).context("--bindmount_add"));
        VZ_TRY(check_bind_source(container, bind, context.out).context("--bindmount_add"));
        binds = with_bind(std::move(binds), bind);
    }
    return binds_text(binds);
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

// `before` is the configuration as it was, `wanted` as it will be.
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

// For stopped containers too: a limit that cannot be had is told by the command that asks for it. A sample's
// is only warned of.
Result<void> apply_disk_limits(const Context& context, const config::Container& wanted,
                               const SetRequest& request, const Changes& given) {
    if (!changes_any(request.changes, {"DISKSPACE", "DISKINODES", "DISK_QUOTA"}) ||
        !sys::exists(wanted.private_area()))
        return {};
    auto limits = disk_limits_of(wanted);
    limits.insist = changes_any(given, {"DISKSPACE", "DISKINODES"});
    limits.insist_on_inodes = changes_any(given, {"DISKINODES"});
    limits.may_shrink_offline = request.offline_resize;
    if (limits.insist && wanted.get_or("DISK_QUOTA", "yes") == "no")
        context.out.warning("DISK_QUOTA=no: the limits are not enforced");
    VZ_ASSIGN(const auto volume, volume_of(wanted));
    auto done = storage_for(wanted.layout())->set_limits(volume, limits, context.out);
    if (done || limits.insist)
        return done;
    context.out.warning(done.error().what);
    return {};
}

Result<void> set_passwords(const Context& context, const config::Container& container,
                           const SetRequest& request) {
    if (request.passwords.empty())
        return {};
    std::vector<Credentials> all;
    for (const auto& text : request.passwords) {
        VZ_ASSIGN(auto one, parse_credentials(text));
        all.push_back(std::move(one));
    }
    const bool was_mounted = is_mounted(container);
    if (!was_mounted)
        VZ_TRY(mount(context, container));
    const auto hashing = request.crypted_passwords ? guest::Hashing::crypted : guest::Hashing::clear;
    auto done = in_guest_files(container, [&](const sys::Dir& root) -> Result<void> {
        for (const auto& one : all)
            VZ_TRY(guest::set_password(root, one.user, one.password, hashing));
        return {};
    });
    for (auto& one : all)
        guest::wipe(one.password);
    if (!was_mounted) {
        auto unmounted = unmount(context, container);
        if (done && !unmounted)
            return unmounted;
    }
    return std::move(done).as(Errc::password);
}

Result<void> save(const Context& context, config::Container& container) {
    VZ_TRY(container.save());
    VZ_TRY(config::link_name(context.host.paths, container.ctid(), container.name()));
    context.out.info(format("CT configuration saved to {}", context.host.paths.ct_conf(container.ctid())));
    return {};
}

Result<void> plan(const Context& context, const config::Container& container, SetRequest& request,
                  bool running) {
    VZ_TRY(check_savable(request));
    VZ_TRY(check_running_container(request, running));
    for (const auto& text : request.passwords)
        VZ_TRY(parse_credentials(text));
    VZ_TRY(check_name(context, container.ctid(), request.changes));
    VZ_TRY(plan_firewall(container, request));
    VZ_ASSIGN(const auto bridged, plan_interfaces(context, container, request));
    VZ_TRY(check_new_addresses(context, container.ctid(), bridged));
    if (!request.ip_add.empty() || !request.ip_del.empty()) {
        VZ_ASSIGN(const auto addresses, new_addresses(container, request));
        VZ_TRY(check_new_addresses(context, container.ctid(), request.ip_add));
        request.changes.emplace_back("IP_ADDRESS", addresses);
    }
    if (!request.bind_add.empty() || !request.bind_del.empty()) {
        VZ_ASSIGN(const auto binds, new_binds(context, container, request));
        request.changes.emplace_back("BINDMOUNT", binds);
    }
    return {};
}

} // namespace

Result<Credentials> parse_credentials(const std::string& text) {
    const auto colon = text.find(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == text.size())
        return fail(Errc::bad_value, "--userpasswd: USER:PASSWORD expected");
    if (text::has_control(text))
        return fail(Errc::bad_value, "--userpasswd: control characters are not allowed");
    Credentials credentials{text.substr(0, colon), text.substr(colon + 1)};
    if (!guest::valid_user_name(credentials.user))
        return fail(Errc::bad_value, "--userpasswd: bad user name: {}", text::printable(credentials.user));
    return credentials;
}

Result<void> set(const Context& context, config::Ctid ctid, SetRequest request) {
    VZ_ASSIGN(const auto lock, lock_container(context, ctid, "changing settings"));
    VZ_ASSIGN(auto container, config::load_container(context.host, ctid));
    const auto runtime = load_runtime(context.host.paths, ctid);
    const auto given = request.changes;
    VZ_TRY(merge_changes([&](auto key) { return container.get_or(key, ""); }, request.changes));
    const auto only_kept = without_effect(request.changes);
    if (request.sample) {
        VZ_ASSIGN(auto changes, sample_changes(context.host, *request.sample));
        request.changes.insert(request.changes.begin(), changes.begin(), changes.end());
    }
    std::optional<sys::FileLock> census;
    if (!request.ip_add.empty() || changes_any(request.changes, {"NAME"})) {
        VZ_ASSIGN(census, lock_census(context.host));
    }
    VZ_TRY(plan(context, container, request, runtime.has_value()));
    const auto before = container;
    for (const auto& [key, value] : request.changes)
        VZ_TRY(container.conf().set(key, value));
    VZ_TRY(config::check_folders(container).as(Errc::bad_value));
    VZ_TRY(check_limits(container, request.changes));
    auto applied = runtime ? apply_live(context, before, container, *runtime, request) : Result<void>();
    if (applied)
        applied = apply_disk_limits(context, container, request, given);
    if (!applied) {
        if (request.save)
            context.out.warning("failed to apply some parameters, not saving configuration file!");
        return applied;
    }
    VZ_TRY(set_passwords(context, container, request));
    if (!only_kept.empty())
        context.out.info("kept, but without effect on this kernel: " + text::join(only_kept, ", "));
    if (request.changes.empty())
        return {};
    if (request.save)
        return save(context, container);
    context.out.warning("WARNING: Settings were not saved to config (use --save flag)");
    return {};
}

} // namespace vz::ops
