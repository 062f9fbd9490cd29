// SPDX-License-Identifier: GPL-2.0-or-later
// Where a container's control groups are, and what they count.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace vz::limits {

// Where a container's control groups are: controller ("memory", "pids", …; "" is the unified hierarchy) →
// absolute folder. On a pure v2 host only "" is there.
using Groups = std::map<std::string, std::string>;

// From /proc/PID/cgroup and /proc/self/mountinfo texts; pure.
Groups find_groups(std::string_view proc_cgroup, std::string_view mountinfo);

// A file below a group's folder, in which a "KEY NUMBER" line counts; no key: the file is the number.
struct Counter {
    std::string_view file;
    std::string_view key = {};
};
// What the kernel counts now: `v1` where `controller` has a v1 hierarchy, else `v2`. Nothing if the kernel
// has no such file or line, or the counter has no file name.
std::optional<std::uint64_t> read_counter(const Groups& groups, std::string_view controller,
                                          const Counter& v1, const Counter& v2);

// The number in the line "KEY NUMBER" of such a file; pure.
std::optional<std::uint64_t> keyed_number(std::string_view content, std::string_view key);

} // namespace vz::limits
