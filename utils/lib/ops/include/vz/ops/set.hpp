// SPDX-License-Identifier: GPL-2.0-or-later
// Changing a container's settings, live and saved.
#pragma once

#include "vz/ops/context.hpp"
#include "vz/ops/settings.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vz::ops {

// Bridged interfaces (NETIF) and devices of the host given to the container (NETDEV), as options have them.
struct InterfaceRequest {
    std::vector<std::string> add; // --netif_add
    std::vector<std::string> del; // --netif_del: names, or "all"
    std::string ifname; // --ifname: the values, and addresses added and deleted, are this interface's
    Changes values;     // by key of NETIF: mac, host_ifname, host_mac, bridge, mac_filter, vlan, gw, dhcp
    std::vector<std::string> device_add;
    std::vector<std::string> device_del;

    bool empty() const {
        return add.empty() && del.empty() && ifname.empty() && values.empty() && device_add.empty() &&
               device_del.empty();
    }
};

// A change of the list of rules of one direction, in terms of what is there when the container's lock is
// held.
struct FirewallEdit {
    enum class Kind { add, remove, replace };
    Kind kind = Kind::add;
    bool out = false;
    std::vector<std::string> rules;
    std::optional<std::string> policy; // "drop", "accept" or "" for none
};

struct SetRequest {
    Changes changes;                   // normalised, from collect_changes()
    std::optional<std::string> sample; // --applyconfig: its settings first, `changes` override them
    std::vector<std::string> ip_add;
    std::vector<std::string> ip_del; // "all" for all of them
    InterfaceRequest interfaces;
    std::optional<FirewallEdit> firewall;
    std::vector<std::string> bind_add;  // "[SRC:]DST[,ro…]"
    std::vector<std::string> bind_del;  // targets, or "all"
    std::vector<std::string> passwords; // "user:password"
    bool crypted_passwords = false;
    bool reset_limits = false;   // --reset_ub
    bool offline_resize = false; // --diskspace may make a volume of its own smaller
    bool save = false;
    // For a running container and settings that wait for its next start: tell; restart it with them (needs
    // `save`); or do nothing at all (Errc::running).
    enum class NextStart { tell, restart, refuse } next_start = NextStart::tell;
    bool save_although_not_applied = false; // --force; needs `save`
};

// Everything is checked before anything is done. What a running container can obey at once is applied, then,
// if asked for, saved; if applying fails nothing is saved. Errc as documented for vzctl(8).
Result<void> set(const Context& context, config::Ctid ctid, SetRequest request);

// "user:password" split and checked. Errc::bad_value; the message never holds the password.
struct Credentials {
    std::string user;
    std::string password;
};
Result<Credentials> parse_credentials(const std::string& text);

} // namespace vz::ops
