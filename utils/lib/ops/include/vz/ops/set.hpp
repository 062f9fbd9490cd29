// SPDX-License-Identifier: GPL-2.0-or-later
// Changing a container's settings, live and saved.
#pragma once

#include "vz/ops/context.hpp"
#include "vz/ops/settings.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vz::ops {

struct SetRequest {
    Changes changes;                   // normalised, from collect_changes()
    std::optional<std::string> sample; // --applyconfig: its settings first, `changes` override them
    std::vector<std::string> ip_add;
    std::vector<std::string> ip_del;    // "all" for all of them
    std::vector<std::string> bind_add;  // "[SRC:]DST[,ro…]"
    std::vector<std::string> bind_del;  // targets, or "all"
    std::vector<std::string> passwords; // "user:password"
    bool crypted_passwords = false;
    bool reset_limits = false; // --reset_ub
    bool save = false;
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
