// SPDX-License-Identifier: GPL-2.0-or-later
// RESTART in NUM.conf: what happens when a container ends and nobody of the host asked it to.
#pragma once

#include "vz/config/container.hpp"
#include "vz/ops/context.hpp"

#include <chrono>
#include <optional>
#include <string_view>

namespace vz::ops {

enum class RestartPolicy {
    no,
    on_failure, // its init died; not after a halt from inside
    always      // after a halt from inside, too
};
std::optional<RestartPolicy> parse_restart_policy(std::string_view text);
RestartPolicy restart_policy(const config::Container& container);

// How a container ended.
struct Ended {
    bool by_itself = false; // no command of ours stopped it
    bool failed = false;    // its init was killed or returned an error; known only with a policy
    unsigned times = 0;     // how often it was restarted in a row
};

// By what liblxc wrote into its log ("Child <12> ended on signal SIGKILL(9)"): a halt is SIGINT, reboot(2).
// Pure.
bool has_failed(std::string_view engine_log);

// 1, 2, 4 … 300 seconds.
std::chrono::seconds restart_delay(unsigned times);

// Fills in what is known of the end. One that ran for ten minutes begins to count anew.
void note_end(const config::Container& container, Ended& ended);

// An administrator's stop and start: nothing of ours starts it after the one, all is forgotten at the other.
void stay_down(const config::Container& container);
void forget_restarts(const config::HostPaths& paths, config::Ctid ctid);

// Does what the policy says, in the process of the hook: waits, then starts it again unless somebody has
// started or stopped it or changed the policy meanwhile. True if it was started.
Result<bool> restart_by_policy(const config::Host& host, config::Ctid ctid, Ended ended, Reporter& out);

} // namespace vz::ops
