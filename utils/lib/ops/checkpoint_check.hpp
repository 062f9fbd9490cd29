// SPDX-License-Identifier: GPL-2.0-or-later
// Whether a running container can be checkpointed: what its processes hold, and what its configuration asks
// for.
#pragma once

#include "vz/checkpoint/check.hpp"
#include "vz/config/container.hpp"
#include "vz/ops/runtime.hpp"

#include <string>
#include <vector>

namespace vz::ops {

struct Judged {
    checkpoint::Survey survey;
    std::vector<std::string> from_host; // files of the host inside, "/proc/meminfo"
    std::vector<checkpoint::Obstacle> obstacles;
};
Result<Judged> judge_container(const config::Container& container, const Runtime& runtime);

// The folder of its control group of version 2. Errc::checkpoint where it has none of its own.
Result<std::string> group_of(const Runtime& runtime);

// "/vz/x" for "/sys/fs/cgroup/vz/x".
std::string below_hierarchy(const std::string& group);

} // namespace vz::ops
