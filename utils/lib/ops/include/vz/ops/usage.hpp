// SPDX-License-Identifier: GPL-2.0-or-later
// The classic resources ("user beancounters"): what a container may have by its configuration and what it
// holds by its control groups.
#pragma once

#include "vz/config/container.hpp"
#include "vz/ops/runtime.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace vz::ops {

struct Resource {
    std::string_view name;    // "numproc"
    std::string_view key;     // of NUM.conf: "NUMPROC"
    std::string_view old_key; // an older name of the key, or ""
    std::uint64_t unit; // bytes (4096 for pages) or 1 for counts: what the numbers of all columns count in
};

// All 21, in the classic order.
std::span<const Resource> resources();

// barrier:limit of NUM.conf or vz.conf, in the resource's unit; nothing if not set or not readable.
std::optional<config::Limit> configured_limit(const config::Container& container, const Resource& resource);

// What the kernel counts of a running container, in the resource's unit; nothing where it counts nothing:
// many classic resources are part of the memory limit today. Each of these reads only what it returns.
std::optional<std::uint64_t> held(const Runtime& runtime, const Resource& resource);
// Where the kernel keeps no maximum, the most that anybody has seen: each call by root remembers.
std::optional<std::uint64_t> max_held(const Runtime& runtime, const Resource& resource);
// How often more was refused. Of oomguarpages: how often a process was killed for want of memory.
std::optional<std::uint64_t> failures(const Runtime& runtime, const Resource& resource);

// What counts against DISKSPACE and DISKINODES, of stopped containers, too; nothing where nobody counts (a
// file system without quotas, a volume that is not mounted) or we may not ask. Quick: walks no files.
std::optional<std::uint64_t> disk_bytes_held(const config::Container& container);
std::optional<std::uint64_t> inodes_held(const config::Container& container);

// The maximum of what was seen earlier, by resource, and of what is there now; kept in `seen`; pure.
std::uint64_t raise_seen(std::map<std::string, std::uint64_t, std::less<>>& seen, std::string_view name,
                         std::uint64_t now);

} // namespace vz::ops
