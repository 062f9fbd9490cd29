// SPDX-License-Identifier: GPL-2.0-or-later
// Resource limits of a container as files of its control groups, on pure v2 and on hybrid (v1) hosts alike;
// which of both holds is decided controller by controller.
// Sources: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/ of the kernel.
#pragma once

#include "vz/base/reporter.hpp"
#include "vz/base/result.hpp"
#include "vz/limits/groups.hpp"
#include "vz/limits/id_list.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vz::limits {

// What a container may have. Nothing: not limited, not guaranteed, not pinned.
struct Limits {
    std::optional<std::uint64_t> memory_bytes;
    std::optional<std::uint64_t> memory_high_bytes; // from here on it is slowed down and its memory reclaimed
    std::optional<std::uint64_t> memory_low_bytes;  // spared while other memory can be reclaimed
    std::optional<std::uint64_t> memory_min_bytes;  // never reclaimed
    std::optional<std::uint64_t> swap_bytes;        // swap only, besides memory
    std::optional<std::uint64_t> processes;
    std::optional<std::uint64_t> cpu_percent; // 100 = one CPU
    std::uint64_t cpu_weight = 100;           // 1 to 10000, as v2 counts
    std::optional<IdList> cpus;
    bool cpus_of_nodes = false; // the processors of `nodes`
    std::optional<IdList> nodes;
    std::optional<std::uint64_t> io_bytes_per_second;      // each way, on each device
    std::optional<std::uint64_t> io_operations_per_second; // each way, on each device
    std::optional<std::uint64_t> io_weight;                // 1 to 10000, as v2 counts; 100 is usual

    bool operator==(const Limits&) const = default;
};

// What the host has that limits refer to.
struct Facts {
    IdList cpus;  // online
    IdList nodes; // online; {0} where the kernel knows no nodes
    std::map<unsigned, IdList> node_cpus;
    std::vector<std::string> io_devices; // "MAJOR:MINOR" of the disks that carry the container's files
};

enum class Need {
    must,       // a container for which the kernel refuses it is not started
    should,     // told when it cannot be kept
    if_possible // asks for nothing, or for what some kernels cannot count
};

// One write: a file below a group's folder gets a value.
struct Write {
    std::string_view key; // of NUM.conf, whose value it keeps
    std::string path;
    std::string value;
    Need need = Need::must;
    Errc code = Errc::failed;
    std::string otherwise = {}; // written where the kernel does not take `value`; "" for nothing
};

// All writes that make the groups obey the limits, in an order the kernel accepts; pure. Files of a
// controller that the host has in no hierarchy are planned where v2 would have them, if they are needed.
std::vector<Write> plan(const Limits& limits, const Groups& groups, const Facts& facts);

// The writes of some keys of NUM.conf; a key that shares its files with another brings the other's too.
std::vector<Write> only(std::vector<Write> writes, std::span<const std::string> keys);

// What failing writes are: live they are errors; at a start those that only should be done are warnings, and
// so are those that need a controller which this kernel does not have, or has given to somebody else.
enum class When { start, live };
Result<void> apply(std::span<const Write> writes, When when, Reporter& out);

} // namespace vz::limits
