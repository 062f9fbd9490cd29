// SPDX-License-Identifier: GPL-2.0-or-later
// The firewall of containers: shown, changed, tried and applied again. The rules are in NUM.conf (FIREWALL,
// FIREWALL_POLICY, FIREWALL_OUT, FIREWALL_OUT_POLICY); see firewall.hpp of the network module for their form.
#pragma once

#include "vz/ops/set.hpp"

#include <string>
#include <vector>

namespace vz::ops {

struct FirewallLine {
    bool out = false; // what it sends, not what it gets
    bool accept = true;
    bool is_policy = false; // the last line of its direction: for all the rest
    std::string protocol;   // "any", "tcp", …
    std::string ports;      // "80,443"; "" for all
    std::string network;    // "" for everybody
    std::string text;       // as in NUM.conf; "" for a policy
};

struct FirewallState {
    config::Ctid ctid;
    bool running = false;
    bool open = true; // nothing is refused: no rules are loaded
    std::vector<FirewallLine> lines;
};

// Errc::no_container_config, bad_config.
Result<FirewallState> firewall_state(const config::Host& host, config::Ctid ctid);

// The transaction for nft(8) that a start would run, after nft has tried it (`nft -c`). Changes nothing.
Result<std::string> try_firewall(const config::Host& host, config::Ctid ctid);

// Applies the rules of NUM.conf to a running container, in one transaction; established connections go on.
// False if it does not run.
Result<bool> reload_firewall(const Context& context, config::Ctid ctid);

// All that the host has of a running container's network is made again: rules, addresses, routes, ports. For
// tables that somebody flushed. False if it does not run.
Result<bool> restore_network(const Context& context, config::Ctid ctid);

} // namespace vz::ops
