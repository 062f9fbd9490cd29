// SPDX-License-Identifier: GPL-2.0-or-later
// The verbs that make a container run, end, and go away, and tell whether it runs.
#pragma once

#include "verbs.hpp"

namespace vz::vzctl {

std::vector<cli::Option> start_options();
std::vector<cli::Option> stop_options();
std::vector<cli::Option> restart_options();

Result<int> run_start(const Call& call);
Result<int> run_stop(const Call& call);
Result<int> run_restart(const Call& call);
Result<int> run_status(const Call& call);
Result<int> run_mount(const Call& call);
Result<int> run_umount(const Call& call);
std::vector<cli::Option> destroy_options();
Result<int> run_destroy(const Call& call);

} // namespace vz::vzctl
