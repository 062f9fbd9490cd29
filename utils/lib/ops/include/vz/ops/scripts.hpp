// SPDX-License-Identifier: GPL-2.0-or-later
// Action scripts of the administrator: /etc/vz/conf/vps.ACTION and /etc/vz/conf/CTID.ACTION.
#pragma once

#include "vz/config/container.hpp"
#include "vz/ops/context.hpp"

#include <array>
#include <string_view>

namespace vz::ops {

enum class Order { global_first, container_first };

// A container's own scripts, CTID.ACTION, which come and go with it.
inline constexpr std::array<std::string_view, 6> k_own_actions{"premount", "mount",  "start",
                                                               "stop",     "umount", "postumount"};

// Runs the scripts that exist on the host, with VEID and VE_CONFFILE in the environment. Errc::action_script
// if one fails; the next is not run then.
Result<void> run_host_scripts(const config::Container& container, std::string_view action, Order order);

// Runs CTID.ACTION inside the running container. Absent is fine.
Result<void> run_inner_script(const Context& context, const config::Container& container,
                              std::string_view action);

} // namespace vz::ops
