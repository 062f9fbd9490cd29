// SPDX-License-Identifier: GPL-2.0-or-later
// The part of `set` that decides: what the configuration will be, and whether it may be that.
#pragma once

#include "vz/ops/set.hpp"

namespace vz::ops {

// Adds to request.changes what its other members come to (addresses, interfaces, rules, shared folders).
// Whether names and addresses are free holds as long as the census lock is held.
Result<void> complete_and_check(const Context& context, const config::Container& container,
                                SetRequest& request, bool running);

// For a running container: true if it is to be restarted with its new settings. Tells what waits for that.
// Errc::running if it is to be refused.
Result<bool> check_next_start(const Context& context, const config::Container& container,
                              const SetRequest& request);

} // namespace vz::ops
