// SPDX-License-Identifier: GPL-2.0-or-later
// The state of a container, as `vzctl status` tells it.
#pragma once

#include "vz/config/container.hpp"
#include "vz/config/host.hpp"

#include <string>

namespace vz::ops {

struct Status {
    bool exists = false; // configuration and private area are there
    bool mounted = false;
    bool running = false;
    bool suspended = false; // down, and a dump is there
};

// Works without a configuration and never fails: for scripts the words are the answer.
Status status(const config::Host& host, config::Ctid ctid);

// "CTID 101 exist mounted running"
std::string status_line(config::Ctid ctid, const Status& status);

} // namespace vz::ops
