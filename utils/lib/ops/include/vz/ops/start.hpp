// SPDX-License-Identifier: GPL-2.0-or-later
// Starting and stopping.
#pragma once

#include "vz/ops/context.hpp"

namespace vz::ops {

struct StartRequest {
    bool wait = false;         // until the container's own services are up
    bool force = false;        // although DISABLED=yes
    bool skip_remount = false; // use what is mounted already
    bool by_policy = false;    // RESTART of its configuration wants it, not an administrator
    unsigned wait_seconds = 3600;
};
// Errc: start_disabled, no_private, running, ip_in_use, bad_template, mount, environment, wait_failed …
// After a failure nothing of it stays mounted or configured on the host, with one exception: a container that
// runs but was not up in time (wait_failed) goes on running.
Result<void> start(const Context& context, config::Ctid ctid, const StartRequest& request);

struct StopRequest {
    bool fast = false; // kill, do not ask the init
    bool skip_umount = false;
};
// A container that does not run is told about and is no error. Errc::stop_failed.
Result<void> stop(const Context& context, config::Ctid ctid, const StopRequest& request);

// Stops it if it runs, then starts it.
Result<void> restart(const Context& context, config::Ctid ctid, const StartRequest& start_request,
                     const StopRequest& stop_request);

} // namespace vz::ops
