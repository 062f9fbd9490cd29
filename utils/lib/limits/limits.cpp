// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/limits/limits.hpp"

#include "vz/base/text.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>

namespace vz::limits {

namespace {

constexpr std::uint64_t k_period_us = 100000;

// Mount point of the hierarchy that has `controller` ("" for unified): field 5 of mountinfo, type and options
// last.
std::optional<std::string> mount_of(std::string_view mountinfo, std::string_view controller) {
    for (const auto& line : text::split(mountinfo, '\n')) {
        const auto fields = text::words(line);
        const auto dash = std::find(fields.begin(), fields.end(), "-");
        if (fields.size() < 7 || fields.end() - dash < 4 || fields[3] != "/")
            continue;
        const auto& type = dash[1];
        const auto options = text::split(dash[3], ',');
        const bool has = std::find(options.begin(), options.end(), controller) != options.end();
        if ((controller.empty() && type == "cgroup2") || (!controller.empty() && type == "cgroup" && has))
            return fields[4];
    }
    return std::nullopt;
}

std::string amount(const std::optional<std::uint64_t>& value, const char* none) {
    return value ? std::to_string(*value) : none;
}

class Planner {
public:
    explicit Planner(const Groups& groups) : m_groups(groups) {}

    // A v1 hierarchy of the controller wins: then the unified one cannot have it.
    bool is_v1(const std::string& controller) const { return m_groups.count(controller) > 0; }

    void add(const std::string& controller, const std::string& file, std::string value, bool needed) {
        const auto group = m_groups.find(is_v1(controller) ? controller : "");
        if (group != m_groups.end())
            m_writes.push_back({group->second + "/" + file, std::move(value), needed});
        else if (needed)
            m_writes.push_back({"/sys/fs/cgroup/" + file, std::move(value), true});
    }
    std::vector<Write> take() { return std::move(m_writes); }

private:
    const Groups& m_groups;
    std::vector<Write> m_writes;
};

void plan_memory(Planner& planner, const Limits& limits) {
    const bool limited = limits.memory_bytes.has_value();
    if (!planner.is_v1("memory")) {
        planner.add("memory", "memory.max", amount(limits.memory_bytes, "max"), limited);
        planner.add("memory", "memory.swap.max", amount(limits.swap_bytes, "max"), false);
        return;
    }
    // v1 counts memory + swap together, which must never be below memory alone: free it, set memory, set the
    // sum.
    planner.add("memory", "memory.memsw.limit_in_bytes", "-1", false);
    planner.add("memory", "memory.limit_in_bytes", amount(limits.memory_bytes, "-1"), limited);
    if (limits.memory_bytes && limits.swap_bytes)
        planner.add("memory", "memory.memsw.limit_in_bytes",
                    std::to_string(*limits.memory_bytes + *limits.swap_bytes), false);
}

void plan_cpu(Planner& planner, const Limits& limits) {
    const bool limited = limits.cpu_percent.has_value();
    const auto quota = limits.cpu_percent.value_or(0) * k_period_us / 100;
    const bool shared = limits.cpu_units != 1000;
    if (planner.is_v1("cpu")) {
        const auto shares = std::clamp<std::uint64_t>(limits.cpu_units * 1024 / 1000, 2, 262144);
        planner.add("cpu", "cpu.cfs_period_us", std::to_string(k_period_us), limited);
        planner.add("cpu", "cpu.cfs_quota_us", limited ? std::to_string(quota) : "-1", limited);
        planner.add("cpu", "cpu.shares", std::to_string(shares), shared);
        return;
    }
    const auto weight = std::clamp<std::uint64_t>(limits.cpu_units / 10, 1, 10000);
    planner.add("cpu", "cpu.max", format("{} {}", limited ? std::to_string(quota) : "max", k_period_us),
                limited);
    planner.add("cpu", "cpu.weight", std::to_string(weight), shared);
}

} // namespace

Groups find_groups(std::string_view proc_cgroup, std::string_view mountinfo) {
    Groups groups;
    for (const auto& line : text::split(proc_cgroup, '\n')) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos)
            continue;
        const auto path = line.substr(second + 1);
        for (const auto& controller : text::split(line.substr(first + 1, second - first - 1), ','))
            if (const auto mount = mount_of(mountinfo, controller))
                groups[controller] = *mount + (path == "/" ? "" : path);
    }
    return groups;
}

std::vector<Write> plan(const Limits& limits, const Groups& groups) {
    Planner planner(groups);
    plan_memory(planner, limits);
    planner.add("pids", "pids.max", amount(limits.processes, "max"), limits.processes.has_value());
    plan_cpu(planner, limits);
    return planner.take();
}

Result<void> apply(const Limits& limits, const Groups& groups) {
    for (const auto& write : plan(limits, groups)) {
        auto done = sys::write_kernel_file(write.path, write.value);
        if (!done && write.needed)
            return std::move(done).error().as(Errc::failed);
    }
    return {};
}

std::optional<std::uint64_t> keyed_number(std::string_view content, std::string_view key) {
    for (const auto& line : text::split(content, '\n')) {
        const auto fields = text::words(line);
        if (fields.size() == 2 && fields[0] == key)
            return text::to_uint(fields[1]);
    }
    return std::nullopt;
}

std::optional<std::uint64_t> read_counter(const Groups& groups, std::string_view controller,
                                          const Counter& v1, const Counter& v2) {
    auto group = groups.find(std::string(controller));
    const auto& counter = group != groups.end() ? v1 : v2;
    if (group == groups.end())
        group = groups.find("");
    if (group == groups.end() || counter.file.empty())
        return std::nullopt;
    const auto content = sys::read_kernel_file(format("{}/{}", group->second, counter.file));
    if (!content)
        return std::nullopt;
    return counter.key.empty() ? text::to_uint(text::trim(*content)) : keyed_number(*content, counter.key);
}

} // namespace vz::limits
