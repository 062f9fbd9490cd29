// SPDX-License-Identifier: GPL-2.0-or-later
// The verbs that run something in a container, or join it.
#pragma once

#include "verbs.hpp"

namespace vz::vzctl {

Result<int> run_exec(const Call& call);
Result<int> run_exec2(const Call& call);
Result<int> run_exec3(const Call& call);
Result<int> run_enter(const Call& call);
Result<int> run_console(const Call& call);
Result<int> run_runscript(const Call& call);

} // namespace vz::vzctl
