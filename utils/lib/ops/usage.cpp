// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/usage.hpp"
#include "vz/base/units.hpp"

#include "vz/base/json.hpp"
#include "vz/limits/groups.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>
#include <array>
#include <unistd.h>

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
    {"lockedpages", "memory", {{"memory.stat", "total_unevictable"}, {"memory.stat", "unevictable"}}, {}, {}},
    {"dcachesize", "memory", {{}, {"memory.stat", "slab_reclaimable"}}, {}, {}},
    {"oomguarpages", "memory", {}, {}, {{"memory.oom_control", "oom_kill"}, {"memory.events", "oom_kill"}}},
});

const Source* source_of(const Resource& resource) {
    const auto source = std::find_if(k_sources.begin(), k_sources.end(),
                                     [&](const Source& s) { return s.name == resource.name; });
    return source == k_sources.end() ? nullptr : &*source;
}

std::optional<std::uint64_t> read(const Runtime& runtime, const Resource& resource,
                                  Source::Place Source::*place) {
    const auto* source = source_of(resource);
    return source ? limits::read_counter(runtime.groups, source->controller, (source->*place).v1,
                                         (source->*place).v2)
                  : std::nullopt;
}

std::optional<std::uint64_t> in_units(std::optional<std::uint64_t> amount, const Resource& resource) {
    return amount ? std::optional(*amount / resource.unit) : std::nullopt;
}

// ---- Maxima that the kernel does not keep ----

using Seen = std::map<std::string, std::uint64_t, std::less<>>;

Seen load_seen(const std::string& path) {
    const auto content = sys::read_file(path);
    const auto json = content && *content ? Json::parse(**content) : Result<Json>(Json());
    Seen seen;
    if (json && json->as_object())
        for (const auto& [name, value] : *json->as_object())
            seen[name] = value.as_uint();
    return seen;
}

void save_seen(const std::string& path, const Seen& seen) {
    Json json = Json::Object{};
    for (const auto& [name, value] : seen)
        json.set(name, value);
    (void)sys::write_file_atomic(path, json.dump());
}

std::uint64_t most_seen(const Runtime& runtime, const Resource& resource, std::uint64_t now) {
    const auto path = runtime.folder + "/seen.json";
    auto seen = load_seen(path);
    const auto before = seen;
    const auto most = raise_seen(seen, resource.name, now);
    if (seen != before && ::geteuid() == 0)
        save_seen(path, seen);
    return most;
}

// ---- Failures that older kernels count where they happen ----

// Before Linux 6.12 a refused process is counted in the group that wanted it, not in the one that has the
// limit. A container may make any number of groups: it is not worth looking at more than these.
constexpr int k_most_groups = 1000;

std::uint64_t refused_below(const std::string& group, int& left) {
    std::uint64_t sum = 0;
    const auto dir = sys::Dir::open(group);
    const auto names = dir ? dir->list() : Result<std::vector<std::string>>(Error{});
    if (!names)
        return 0;
    for (const auto& name : *names) {
        const auto below = group + "/" + name;
        const auto events = sys::read_kernel_file(below + "/pids.events");
        if (!events || --left < 0)
            continue;
        sum += limits::keyed_number(*events, "max").value_or(0) + refused_below(below, left);
    }
    return sum;
}

std::uint64_t refused_processes(const Runtime& runtime) {
    auto group = runtime.groups.find("pids");
    if (group == runtime.groups.end())
        group = runtime.groups.find("");
    int left = k_most_groups;
    return group == runtime.groups.end() ? 0 : refused_below(group->second, left);
}

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

std::optional<std::uint64_t> held(const Runtime& runtime, const Resource& resource) {
    return in_units(read(runtime, resource, &Source::held), resource);
}

std::optional<std::uint64_t> max_held(const Runtime& runtime, const Resource& resource) {
    if (const auto kept = read(runtime, resource, &Source::max_held))
        return in_units(kept, resource);
    const auto now = held(runtime, resource);
    return now ? std::optional(most_seen(runtime, resource, *now)) : std::nullopt;
}

std::optional<std::uint64_t> failures(const Runtime& runtime, const Resource& resource) {
    const auto count = read(runtime, resource, &Source::failures);
    return count == 0U && resource.name == "numproc" ? refused_processes(runtime) : count;
}

std::uint64_t raise_seen(Seen& seen, std::string_view name, std::uint64_t now) {
    auto& most = seen[std::string(name)];
    most = std::max(most, now);
    return most;
}

} // namespace vz::ops
