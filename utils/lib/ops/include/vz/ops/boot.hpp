// SPDX-License-Identifier: GPL-2.0-or-later
// What the host's own start and shutdown do for all containers: the work of the `vz` service.
#pragma once

#include "vz/ops/context.hpp"

#include <vector>

namespace vz::ops {

// Containers to start at boot, first those with the highest BOOTORDER, those without one last; pure.
struct BootEntry {
    config::Ctid ctid;
    bool on_boot = false;     // ONBOOT=yes
    bool never = false;       // ONBOOT=no, said explicitly
    bool was_running = false; // when the host went down
    int order = 0;
};
std::vector<config::Ctid> boot_sequence(std::vector<BootEntry> entries);

struct BootReport {
    std::vector<config::Ctid> done;
    std::vector<config::Ctid> failed;
};

// Starts them, VE_PARALLEL at once (default: 4 for each CPU) in groups of equal BOOTORDER. A failure is told
// and does not stop the others.
Result<BootReport> boot_start(const Context& context);

// Stops all running containers in reverse order and unmounts all, remembering which ran.
Result<BootReport> boot_stop(const Context& context);

// Makes again what the host has of the networks of all running containers: tables that somebody flushed,
// routes, ports of bridges. Connections go on.
Result<BootReport> boot_reload(const Context& context);

} // namespace vz::ops
