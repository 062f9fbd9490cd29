// SPDX-License-Identifier: GPL-2.0-or-later
// A container's own view of memory, processors and uptime in its /proc, where lxcfs(1) runs on the host.
#pragma once

#include "vz/config/container.hpp"
#include "vz/engine/guest_config.hpp"

#include <string_view>
#include <vector>

namespace vz::ops {

// Nothing where lxcfs does not run. MEMINFO="none" leaves out what shows memory.
std::vector<engine::GuestConfig::Bind> lxcfs_binds(const config::Container& container);

// Whether that folder is a file system of lxcfs, by the text of /proc/self/mountinfo; pure.
bool is_lxcfs(std::string_view mountinfo, std::string_view folder);

} // namespace vz::ops
