// SPDX-License-Identifier: GPL-2.0-or-later
// Resource limits of a container as files of its control groups, on pure v2 and on hybrid (v1) hosts alike.
// Sources: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/ of the kernel.
#pragma once

#include "vz/base/result.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vz::limits {

struct Limits {
    std::optional<std::uint64_t> memory_bytes; // nothing: not limited
    std::optional<std::uint64_t> swap_bytes;   // swap only, besides memory
    std::optional<std::uint64_t> processes;
    std::optional<std::uint64_t> cpu_percent; // 100 = one CPU
    std::uint64_t cpu_units = 1000;           // classic share, 1000 is the default

    bool operator==(const Limits&) const = default;
};

// Where a container's control groups are: controller ("memory", "pids", …; "" is the unified hierarchy) →
// absolute folder. On a pure v2 host only "" is there.
using Groups = std::map<std::string, std::string>;

// From /proc/PID/cgroup and /proc/self/mountinfo texts; pure.
Groups find_groups(std::string_view proc_cgroup, std::string_view mountinfo);

// One write: a file below a group's folder gets a value. A file that does not exist is an error only if
// `needed`: some kernels have no swap accounting, and no limit is there already when nothing can limit.
struct Write {
    std::string path;
    std::string value;
    bool needed = true;
};

// All writes that make the groups obey the limits, in an order the kernel accepts; pure.

std::vector<Write> plan(const Limits& limits, const Groups& groups);

// Errc::failed (1) naming the file. Failing writes of a limit that asks for nothing are ignored.
Result<void> apply(const Limits& limits, const Groups& groups);

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
