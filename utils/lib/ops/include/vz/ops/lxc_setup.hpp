// SPDX-License-Identifier: GPL-2.0-or-later
// Getting a mounted container ready for the engine, and what its hooks do on the host.
#pragma once

#include "vz/config/container.hpp"
#include "vz/ops/context.hpp"
#include "vz/ops/restart_policy.hpp"

#include <sys/types.h>

namespace vz::ops {

// The container's name for the engine.
std::string engine_name(const config::Container& container);

// Generates the engine's configuration for this start. The container is mounted. `group`: a control group
// that it has to have, below the root of each hierarchy; "" for its own.
Result<void> prepare_lxc(const Context& context, const config::Container& container,
                         const std::string& group = {});

// Called by vz-hook when the container's namespaces and network device exist and its init is about to run:
// limits, devices, addresses, the runtime record. Also on a reboot from inside. `init`: LXC_PID.
enum class Started { from_outside, rebooted };
Result<Started> hook_start_host(const config::Host& host, config::Ctid ctid, pid_t init, Reporter& out);

// Called by vz-hook in a process of its own after hook_start_host, which returned `rebooted`: the engine
// knows the devices of the last start from outside only, and cannot be told before it has been through its
// hooks.
void hook_rebooted(const config::Host& host, config::Ctid ctid, Reporter& out);

// Called by vz-hook when the container has ended and its namespaces are still there: devices of the host come
// back. `net_ns`: LXC_NET_NS, a path. Also on a reboot from inside.
Result<void> hook_stop(const config::Host& host, config::Ctid ctid, const std::string& net_ns, Reporter& out);

// Called by vz-hook in a process of its own when the container has ended and will not reboot: waits for the
// lock, and if nobody started it again, takes its addresses down and unmounts it.
Result<Ended> hook_post_stop(const config::Host& host, config::Ctid ctid, Reporter& out);

// What the end of a container would have done, should its monitor have been killed: nothing stays, and it is
// unmounted unless it was mounted on purpose. Does nothing to a container that runs. The caller holds the
// lock.
Result<void> finish_stop(const Context& context, const config::Container& container);

// Host-side remains of a container that has ended: addresses, routes, the runtime record. Idempotent.
void after_stop(const Context& context, const config::Container& container);

} // namespace vz::ops
