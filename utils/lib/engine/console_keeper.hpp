// SPDX-License-Identifier: GPL-2.0-or-later
// Leaving a container's console without taking its monitor down.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/fd.hpp"

namespace vz::engine {

// The monitor of liblxc (seen with 5.0.2; 6.0 has the same code) ends, and the container with it, when it
// learns in one turn of its main loop that a console was let go and that keys were typed on it: letting go
// frees what it needs for the keys. So a child of ours has the console's socket. It closes that when the
// returned descriptor is closed, by us or by our death, and the monitor has read all keys from `master`.
// Errc::no_resources.
Result<sys::Fd> keep_console(sys::Fd socket, const sys::Fd& master);

} // namespace vz::engine
