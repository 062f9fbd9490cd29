// SPDX-License-Identifier: GPL-2.0-or-later
// The verbs that suspend a container into files and resume it from them.
#pragma once

#include "verbs.hpp"

namespace vz::vzctl {

std::vector<cli::Option> suspend_options();
std::vector<cli::Option> resume_options();

Result<int> run_suspend(const Call& call);
Result<int> run_resume(const Call& call);
Result<int> run_check(const Call& call);

} // namespace vz::vzctl
