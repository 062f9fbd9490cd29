// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/usage.hpp"
#include "vz/base/units.hpp"

#include "vz/limits/limits.hpp"

#include <algorithm>
#include <array>

namespace vz::ops {

namespace {

constexpr std::array k_resources = std::to_array<Resource>({
    {"kmemsize", "KMEMSIZE", "", 1},
    {"lockedpages", "LOCKEDPAGES", "", units::page},
    {"privvmpages", "PRIVVMPAGES", "", units::page},
    {"shmpages", "SHMPAGES", "", units::page},
    {"numproc", "NUMPROC", "", 1},
    {"physpages", "PHYSPAGES", "", units::page},
    {"vmguarpages", "VMGUARPAGES", "", units::page},
    {"oomguarpages", "OOMGUARPAGES", "", units::page},
    {"numtcpsock", "NUMTCPSOCK", "", 1},
    {"numflock", "NUMFLOCK", "", 1},
    {"numpty", "NUMPTY", "", 1},
    {"numsiginfo", "NUMSIGINFO", "", 1},
    {"tcpsndbuf", "TCPSNDBUF", "", 1},
    {"tcprcvbuf", "TCPRCVBUF", "", 1},
    {"othersockbuf", "OTHERSOCKBUF", "", 1},
    {"dgramrcvbuf", "DGRAMRCVBUF", "", 1},
    {"numothersock", "NUMOTHERSOCK", "", 1},
    {"dcachesize", "DCACHESIZE", "DCACHE", 1},
    {"numfile", "NUMFILE", "", 1},
    {"numiptent", "NUMIPTENT", "IPTENTRIES", 1},
    {"swappages", "SWAPPAGES", "", units::page},
});

// Where the kernel counts a resource. Failures are refusals: memory that could be reclaimed is none (v1
// cannot tell).
struct Source {
    std::string_view name;
    std::string_view controller;
    struct Place {
        limits::Counter v1;
        limits::Counter v2;
    };
    Place held, max_held, failures;
};

constexpr std::array k_sources = std::to_array<Source>({
    {"numproc",
     "pids",
     {{"pids.current"}, {"pids.current"}},
     {{"pids.peak"}, {"pids.peak"}},
     {{"pids.events", "max"}, {"pids.events", "max"}}},
    {"physpages",
     "memory",
     {{"memory.usage_in_bytes"}, {"memory.current"}},
     {{"memory.max_usage_in_bytes"}, {"memory.peak"}},
     {{"memory.failcnt"}, {"memory.events", "oom"}}},
    {"swappages",
     "memory",
     {{"memory.stat", "total_swap"}, {"memory.swap.current"}},
     {{}, {"memory.swap.peak"}},
     {{"memory.memsw.failcnt"}, {"memory.swap.events", "fail"}}},
    {"kmemsize",
     "memory",
     {{"memory.kmem.usage_in_bytes"}, {"memory.stat", "kernel"}},
     {{"memory.kmem.max_usage_in_bytes"}, {}},
     {}},
    {"shmpages", "memory", {{"memory.stat", "total_shmem"}, {"memory.stat", "shmem"}}, {}, {}},
});

} // namespace

std::span<const Resource> resources() {
    return k_resources;
}

std::optional<config::Limit> configured_limit(const config::Container& container, const Resource& resource) {
    auto text = container.get(resource.key);
    if (!text && !resource.old_key.empty())
        text = container.get(resource.old_key);
    if (!text || text->empty())
        return std::nullopt;
    const auto limit = config::parse_limit(*text, resource.unit, resource.unit);
    return limit ? std::optional(*limit) : std::nullopt;
}

Usage read_usage(const Runtime& runtime, const Resource& resource) {
    const auto source = std::find_if(k_sources.begin(), k_sources.end(),
                                     [&](const Source& s) { return s.name == resource.name; });
    if (source == k_sources.end())
        return {};
    const auto read = [&](const Source::Place& place) {
        return limits::read_counter(runtime.groups, source->controller, place.v1, place.v2);
    };
    const auto in_units = [&](std::optional<std::uint64_t> amount) {
        return amount ? std::optional(*amount / resource.unit) : std::nullopt;
    };
    return {in_units(read(source->held)), in_units(read(source->max_held)), read(source->failures)};
}

} // namespace vz::ops
