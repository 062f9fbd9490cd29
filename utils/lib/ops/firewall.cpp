// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/firewall.hpp"

#include "attachment.hpp"
#include "vz/config/registry.hpp"
#include "vz/ops/runtime.hpp"

namespace vz::ops {

namespace {

FirewallLine line_of(const network::FirewallRule& rule, bool out) {
    return {out,
            rule.accept,
            false,
            std::string(network::protocol_name(rule.protocol)),
            rule.ports_text(),
            rule.network ? rule.network->text() : "",
            rule.text()};
}

void add_lines(FirewallState& state, const network::FirewallList& list, bool out) {
    for (const auto& rule : list.rules)
        state.lines.push_back(line_of(rule, out));
    FirewallLine rest;
    rest.out = out;
    rest.accept = list.effective_policy() == network::Verdict::accept;
    rest.is_policy = true;
    rest.protocol = "any";
    state.lines.push_back(std::move(rest));
}

} // namespace

Result<FirewallState> firewall_state(const config::Host& host, config::Ctid ctid) {
    VZ_ASSIGN(const auto container, config::load_container(host, ctid));
    VZ_ASSIGN(const auto firewall, firewall_of(container));
    FirewallState state{ctid, is_running(host.paths, ctid), firewall.is_open(), {}};
    add_lines(state, firewall.in, false);
    add_lines(state, firewall.out, true);
    return state;
}

Result<std::string> try_firewall(const config::Host& host, config::Ctid ctid) {
    VZ_ASSIGN(const auto container, config::load_container(host, ctid));
    VZ_ASSIGN(const auto attachment, attachment_of(container));
    VZ_TRY(network::Bridged(network_state_dir(host)).check_rules(attachment));
    return network::nft_attachment(attachment);
}

Result<bool> reload_firewall(const Context& context, config::Ctid ctid) {
    VZ_ASSIGN(const auto lock, lock_container(context, ctid, "reloading rules"));
    VZ_ASSIGN(const auto container, config::load_container(context.host, ctid));
    if (!is_running(context.host.paths, ctid))
        return false;
    VZ_ASSIGN(const auto attachment, attachment_of(container));
    VZ_TRY(network::Bridged(network_state_dir(context.host), context.out).apply_rules(attachment));
    return true;
}

Result<bool> restore_network(const Context& context, config::Ctid ctid) {
    VZ_ASSIGN(const auto lock, lock_container(context, ctid, "restoring the network"));
    VZ_ASSIGN(const auto container, config::load_container(context.host, ctid));
    const auto runtime = load_runtime(context.host.paths, ctid);
    if (!runtime)
        return false;
    VZ_TRY(bring_network_up(context.host, container, runtime->init, Parts::all, {}, context.out));
    return true;
}

} // namespace vz::ops
