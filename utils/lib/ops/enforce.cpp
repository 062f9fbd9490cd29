// SPDX-License-Identifier: GPL-2.0-or-later
#include "enforce.hpp"

#include "ct_devices.hpp"
#include "ct_limits.hpp"
#include "volume.hpp"
#include "vz/limits/facts.hpp"
#include "vz/ops/lxc_setup.hpp"

#include <algorithm>
#include <array>

namespace vz::ops {

namespace {

constexpr std::array<std::string_view, 15> k_group_keys = {
    "PHYSPAGES", "SWAPPAGES", "PRIVVMPAGES", "VMGUARPAGES", "OOMGUARPAGES", "NUMPROC", "CPULIMIT", "CPUS",
    "CPUUNITS",  "CPUWEIGHT", "CPUMASK",     "NODEMASK",    "IOPRIO",       "IOLIMIT", "IOPSLIMIT"};
constexpr std::array<std::string_view, 3> k_process_keys = {"NUMFILE", "LOCKEDPAGES", "NUMSIGINFO"};
constexpr std::array<std::string_view, 2> k_namespace_keys = {"SHMPAGES", "NUMPTY"};

template<class Keys>
bool is_one_of(const Keys& keys, std::string_view key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// Where its files are: the private area, what is mounted of it, and a shared template below.
std::vector<std::string> folders_of(const config::Container& container) {
    std::vector<std::string> folders = {container.private_area(), container.root()};
    if (const auto volume = volume_of(container); volume && !volume->template_tree.empty())
        folders.push_back(volume->template_tree);
    return folders;
}

bool asks_for_io(const limits::Limits& limits) {
    return limits.io_bytes_per_second || limits.io_operations_per_second;
}

Result<std::vector<limits::Write>> planned(const config::Container& container, const Runtime& runtime,
                                           bool with_disks, Reporter& out) {
    const auto limits = limits_of(container, out);
    const auto facts = limits::read_facts(with_disks ? folders_of(container) : std::vector<std::string>{});
    if (with_disks && asks_for_io(limits) && facts.io_devices.empty())
        return fail(Errc::io_limit, "the container's files lie on no disk whose speed can be limited");
    return limits::plan(limits, runtime.groups, facts);
}

bool names_io(std::span<const std::string> keys) {
    return std::any_of(keys.begin(), keys.end(),
                       [](const std::string& key) { return key == "IOLIMIT" || key == "IOPSLIMIT"; });
}

Result<void> enforce_inside(const config::Container& container, pid_t init, std::string_view key,
                            Reporter& out) {
    if (is_one_of(k_process_keys, key))
        return limits::limit_processes(init, process_limits_of(container, out));
    if (key == "SHMPAGES")
        return limits::limit_shared_memory(init, shared_pages_of(container, out));
    const auto terminals = terminals_of(container, out);
    return terminals ? limits::limit_terminals(init, *terminals) : Result<void>();
}

// Every right that may have been given. Control groups of version 1 take away a part of a right; for version
// 2, liblxc has a list of what was given and takes back only what is in it, word by word.
Result<void> forbid(engine::Engine& engine, const std::string& name, limits::DeviceRule rule) {
    constexpr std::array<limits::Rights, 4> all = {
        {{true, false}, {false, true}, {true, true}, {false, false}}};
    for (const auto rights : all) {
        rule.read = rights.read;
        rule.write = rights.write;
        VZ_TRY(engine.set_group_item(name, "devices.deny", rule.control_group()));
    }
    return {};
}

} // namespace

bool is_limit_key(std::string_view key) {
    return is_one_of(k_group_keys, key) || is_one_of(k_process_keys, key) || is_one_of(k_namespace_keys, key);
}

Result<void> enforce_all(const config::Container& container, const Runtime& runtime, Reporter& out) {
    const bool with_disks = asks_for_io(limits_of(container, silent_reporter()));
    auto writes = planned(container, runtime, with_disks, out);
    if (!writes) {
        out.warning(writes.error().what);
        writes = planned(container, runtime, false, silent_reporter());
        if (!writes)
            return std::move(writes).error();
    }
    VZ_TRY(limits::apply(*writes, limits::When::start, out));
    std::vector<std::string_view> keys = {k_process_keys.front()};
    for (const auto key : k_namespace_keys)
        if (!container.get_or(key, "").empty())
            keys.push_back(key);
    for (const auto key : keys)
        if (auto done = enforce_inside(container, runtime.init, key, out); !done)
            out.warning(done.error().what);
    return {};
}

Result<void> enforce(const config::Container& container, const Runtime& runtime,
                     std::span<const std::string> keys, Reporter& out) {
    VZ_ASSIGN(auto writes, planned(container, runtime, names_io(keys), out));
    VZ_TRY(limits::apply(limits::only(std::move(writes), keys), limits::When::live, out));
    for (const auto& key : keys)
        if (is_one_of(k_process_keys, key) || is_one_of(k_namespace_keys, key))
            VZ_TRY(enforce_inside(container, runtime.init, key, out));
    return {};
}

void provide_devices(const config::Container& container, const Runtime& runtime, Reporter& out) {
    const auto ids = container.id_range();
    for (const auto& grant : device_grants(container, out))
        if (ids && grant.node)
            if (auto done = limits::provide_node(runtime.init, *ids, *grant.node); !done)
                out.warning(done.error().what);
}

Result<void> change_devices(engine::Engine& engine, const config::Container& before,
                            const config::Container& after, const Runtime& runtime, Reporter& out) {
    const auto name = engine_name(after);
    const auto wanted = device_grants(after, out);
    const auto ids = after.id_range();
    for (const auto& grant : revoked(device_grants(before, silent_reporter()), wanted)) {
        VZ_TRY(forbid(engine, name, grant.rule));
        if (grant.node)
            VZ_TRY(limits::remove_node(runtime.init, grant.node->name));
    }
    for (const auto& grant : wanted) {
        VZ_TRY(forbid(engine, name, grant.rule)); // so that "r" after "rw" takes the right to write away
        VZ_TRY(engine.set_group_item(name, "devices.allow", grant.rule.control_group()));
        if (ids && grant.node)
            VZ_TRY(limits::provide_node(runtime.init, *ids, *grant.node));
    }
    return {};
}

void grant_devices(engine::Engine& engine, const config::Container& container, Reporter& out) {
    for (const auto& grant : device_grants(container, silent_reporter()))
        if (auto done =
                engine.set_group_item(engine_name(container), "devices.allow", grant.rule.control_group());
            !done)
            out.warning(done.error().what);
}

} // namespace vz::ops
