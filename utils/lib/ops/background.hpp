// SPDX-License-Identifier: GPL-2.0-or-later
// Work that must not stop half-way because somebody ended the command: it goes on in a process of its own,
// which holds the command's locks until it is done.
#pragma once

#include "vz/base/result.hpp"

#include <functional>

namespace vz::ops {

// Runs `work` and waits for it. What it tells a Reporter is told. If we are killed, it goes on to its end.
Result<void> to_the_end(const std::function<Result<void>()>& work);

} // namespace vz::ops
