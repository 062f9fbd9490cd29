// SPDX-License-Identifier: GPL-2.0-or-later
#include "set_plan.hpp"

#include "census.hpp"
#include "net_policy.hpp"
#include "net_settings.hpp"
#include "set_live.hpp"
#include "vz/base/text.hpp"
#include "vz/network/routed.hpp"
#include "vz/ops/bind_mounts.hpp"

#include <algorithm>

namespace vz::ops {

namespace {

using Addresses = std::vector<network::Address>;

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
    if (!request.save && request.next_start == SetRequest::NextStart::restart)
        return fail(Errc::bad_syntax, "--setmode restart doesn't make sense without --save");
    if (!request.save && request.save_although_not_applied)
        return fail(Errc::bad_syntax, "--force is useless without --save");
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

} // namespace

Result<void> complete_and_check(const Context& context, const config::Container& container,
                                SetRequest& request, bool running) {
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

Result<bool> check_next_start(const Context& context, const config::Container& container,
                              const SetRequest& request) {
    const auto keys = keys_for_next_start(container, request.changes);
    if (keys.empty())
        return false;
    if (request.next_start == SetRequest::NextStart::restart)
        return true;
    const auto what = format("Unable to change {} on a running container", text::join(keys, ", "));
    if (request.next_start == SetRequest::NextStart::refuse)
        return fail(Errc::running, "{}", what);
    context.out.warning(what);
    context.out.warning("WARNING: Some of the parameters could not be applied to a running container; please "
                        "consider using --setmode option");
    return false;
}

} // namespace vz::ops
