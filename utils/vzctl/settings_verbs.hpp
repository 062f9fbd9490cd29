// SPDX-License-Identifier: GPL-2.0-or-later
// The verbs that give a container its settings: create and set.
#pragma once

#include "verbs.hpp"

namespace vz::vzctl {

std::vector<cli::Option> create_options();
std::vector<cli::Option> set_options();

Result<int> run_create(const Call& call);
Result<int> run_set(const Call& call);

} // namespace vz::vzctl
