// SPDX-License-Identifier: GPL-2.0-or-later
// The classic resources ("user beancounters"): what a container may have by its configuration and what it
// holds by its control groups.
#pragma once

#include "vz/config/container.hpp"
#include "vz/ops/runtime.hpp"

#include <cstdint>
#include <optional>
#include <span>
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

struct Usage {
    std::optional<std::uint64_t> held;
    std::optional<std::uint64_t> max_held;
    std::optional<std::uint64_t> failures;
};

// What the kernel counts, in the resource's unit. Many classic resources are part of the memory limit today
// and have no count of their own.
Usage read_usage(const Runtime& runtime, const Resource& resource);

} // namespace vz::ops
