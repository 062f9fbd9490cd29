// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/limits/limits.hpp"

#include "vz/base/text.hpp"

#include <algorithm>

namespace vz::limits {

namespace {

constexpr std::uint64_t k_period_us = 100000;

std::string amount(const std::optional<std::uint64_t>& value, const char* none) {
    return value ? std::to_string(*value) : none;
}

Need if_asked(bool asked, Need need) {
    return asked ? need : Need::if_possible;
}

class Planner {
public:
    explicit Planner(const Groups& groups) : m_groups(groups) {}

    // A v1 hierarchy of the controller wins: then the unified one cannot have it.
    bool is_v1(const std::string& controller) const { return m_groups.count(controller) > 0; }

    void add(std::string_view key, const std::string& controller, const char* file, std::string value,
             Need need, Errc code = Errc::failed, std::string otherwise = {}) {
        const auto group = m_groups.find(is_v1(controller) ? controller : "");
        if (group != m_groups.end())
            m_writes.push_back(
                {key, group->second + "/" + file, std::move(value), need, code, std::move(otherwise)});
        else if (need != Need::if_possible)
            m_writes.push_back({key, format("/sys/fs/cgroup/{}", file), std::move(value), need, code});
    }
    std::vector<Write> take() { return std::move(m_writes); }

private:
    const Groups& m_groups;
    std::vector<Write> m_writes;
};

// What is guaranteed and what slows down can be no more than what is allowed at all.
std::optional<std::uint64_t> within(const std::optional<std::uint64_t>& value,
                                    const std::optional<std::uint64_t>& limit) {
    return value && limit ? std::min(*value, *limit) : value;
}

void plan_guarantees(Planner& planner, const Limits& limits) {
    if (planner.is_v1("memory")) // which knows no guarantees
        return;
    const auto low = within(limits.memory_low_bytes, limits.memory_bytes);
    const auto min = within(limits.memory_min_bytes, limits.memory_bytes);
    planner.add("VMGUARPAGES", "memory", "memory.low", amount(low, "0"),
                if_asked(low.has_value(), Need::should));
    planner.add("OOMGUARPAGES", "memory", "memory.min", amount(min, "0"),
                if_asked(min.has_value(), Need::should));
}

void plan_memory(Planner& planner, const Limits& limits) {
    const auto need = if_asked(limits.memory_bytes.has_value(), Need::must);
    if (!planner.is_v1("memory")) {
        const auto high = within(limits.memory_high_bytes, limits.memory_bytes);
        planner.add("PHYSPAGES", "memory", "memory.max", amount(limits.memory_bytes, "max"), need);
        planner.add("PHYSPAGES", "memory", "memory.high", amount(high, "max"),
                    if_asked(high.has_value(), Need::should));
        planner.add("SWAPPAGES", "memory", "memory.swap.max", amount(limits.swap_bytes, "max"),
                    Need::if_possible);
        return;
    }
    // v1 counts memory + swap together, which must never be below memory alone: free it, set memory, set the
    // sum.
    planner.add("PHYSPAGES", "memory", "memory.memsw.limit_in_bytes", "-1", Need::if_possible);
    planner.add("PHYSPAGES", "memory", "memory.limit_in_bytes", amount(limits.memory_bytes, "-1"), need);
    if (limits.memory_bytes && limits.swap_bytes)
        planner.add("SWAPPAGES", "memory", "memory.memsw.limit_in_bytes",
                    std::to_string(*limits.memory_bytes + *limits.swap_bytes), Need::if_possible);
}

void plan_cpu_time(Planner& planner, const Limits& limits) {
    const auto quota = limits.cpu_percent.value_or(0) * k_period_us / 100;
    const auto quota_text = [&](const char* none) {
        return limits.cpu_percent ? std::to_string(quota) : std::string(none);
    };
    const auto need = if_asked(limits.cpu_percent.has_value(), Need::must);
    const auto weight_need = if_asked(limits.cpu_weight != 100, Need::should);
    if (planner.is_v1("cpu")) {
        const auto shares = std::clamp<std::uint64_t>(limits.cpu_weight * 1024 / 100, 2, 262144);
        planner.add("CPULIMIT", "cpu", "cpu.cfs_period_us", std::to_string(k_period_us), need,
                    Errc::scheduler);
        planner.add("CPULIMIT", "cpu", "cpu.cfs_quota_us", quota_text("-1"), need, Errc::scheduler);
        planner.add("CPUUNITS", "cpu", "cpu.shares", std::to_string(shares), weight_need, Errc::scheduler);
        return;
    }
    planner.add("CPULIMIT", "cpu", "cpu.max", format("{} {}", quota_text("max"), k_period_us), need,
                Errc::scheduler);
    planner.add("CPUUNITS", "cpu", "cpu.weight", std::to_string(limits.cpu_weight), weight_need,
                Errc::scheduler);
}

// Where the container may run: what is asked for, as far as it is there. v1 knows no "everywhere" but the
// whole list, and v2 does not go back to it once it had a list and as long as somebody runs.
void plan_pinning(Planner& planner, std::string_view key, const char* file, const IdList& wanted, bool asked,
                  const IdList& all) {
    const auto there = wanted.intersected(all);
    const auto everywhere = planner.is_v1("cpuset") ? all.text() : "\n";
    // Nothing of it is there: the kernel would take the empty list for "everywhere". Let it refuse.
    const auto value = !asked ? everywhere : there.empty() ? wanted.text() : there.text();
    if (!value.empty())
        planner.add(key, "cpuset", file, value, if_asked(asked, Need::should), Errc::scheduler,
                    asked ? "" : all.text());
}

void plan_cpuset(Planner& planner, const Limits& limits, const Facts& facts) {
    auto cpus = limits.cpus.value_or(IdList());
    if (limits.cpus_of_nodes && limits.nodes)
        for (const auto& [node, node_cpus] : facts.node_cpus)
            if (limits.nodes->contains(node))
                cpus = cpus.united(node_cpus);
    plan_pinning(planner, "CPUMASK", "cpuset.cpus", cpus, !cpus.empty(), facts.cpus);
    plan_pinning(planner, "NODEMASK", "cpuset.mems", limits.nodes.value_or(IdList()),
                 limits.nodes.has_value(), facts.nodes);
}

// The weight counts where the disk's scheduler is BFQ or a cost model is set up; v1 knows BFQ only.
void plan_io_weight(Planner& planner, const Limits& limits) {
    const auto weight = limits.io_weight.value_or(100);
    const auto bfq = std::to_string(std::clamp<std::uint64_t>(weight, 1, 1000));
    if (planner.is_v1("blkio")) {
        planner.add("IOPRIO", "blkio", "blkio.bfq.weight", bfq, Need::if_possible, Errc::io_limit);
        return;
    }
    planner.add("IOPRIO", "io", "io.weight", format("default {}", weight), Need::if_possible, Errc::io_limit);
    planner.add("IOPRIO", "io", "io.bfq.weight", bfq, Need::if_possible, Errc::io_limit);
}

void plan_io(Planner& planner, const Limits& limits, const Facts& facts) {
    const auto bytes_need = if_asked(limits.io_bytes_per_second.has_value(), Need::should);
    const auto operations_need = if_asked(limits.io_operations_per_second.has_value(), Need::should);
    const auto add = [&](std::string_view key, const char* file, std::string value, Need need) {
        planner.add(key, planner.is_v1("blkio") ? "blkio" : "io", file, std::move(value), need,
                    Errc::io_limit);
    };
    for (const auto& device : facts.io_devices) {
        if (planner.is_v1("blkio")) {
            const auto bytes = format("{} {}", device, limits.io_bytes_per_second.value_or(0));
            const auto operations = format("{} {}", device, limits.io_operations_per_second.value_or(0));
            add("IOLIMIT", "blkio.throttle.read_bps_device", bytes, bytes_need);
            add("IOLIMIT", "blkio.throttle.write_bps_device", bytes, bytes_need);
            add("IOPSLIMIT", "blkio.throttle.read_iops_device", operations, operations_need);
            add("IOPSLIMIT", "blkio.throttle.write_iops_device", operations, operations_need);
            continue;
        }
        const auto bytes = amount(limits.io_bytes_per_second, "max");
        const auto operations = amount(limits.io_operations_per_second, "max");
        add("IOLIMIT", "io.max", format("{} rbps={} wbps={}", device, bytes, bytes), bytes_need);
        add("IOPSLIMIT", "io.max", format("{} riops={} wiops={}", device, operations, operations),
            operations_need);
    }
}

// Keys that write the same files, or into which others flow.
std::string_view family(std::string_view key) {
    if (key == "SWAPPAGES" || key == "PRIVVMPAGES" || key == "VMGUARPAGES" || key == "OOMGUARPAGES")
        return "PHYSPAGES";
    if (key == "CPUS")
        return "CPULIMIT";
    if (key == "CPUWEIGHT")
        return "CPUUNITS";
    if (key == "NODEMASK")
        return "CPUMASK";
    return key;
}

} // namespace

std::vector<Write> plan(const Limits& limits, const Groups& groups, const Facts& facts) {
    Planner planner(groups);
    plan_memory(planner, limits);
    plan_guarantees(planner, limits);
    planner.add("NUMPROC", "pids", "pids.max", amount(limits.processes, "max"),
                if_asked(limits.processes.has_value(), Need::must));
    plan_cpu_time(planner, limits);
    plan_cpuset(planner, limits, facts);
    plan_io_weight(planner, limits);
    plan_io(planner, limits, facts);
    return planner.take();
}

std::vector<Write> only(std::vector<Write> writes, std::span<const std::string> keys) {
    const auto is_other = [&](const Write& write) {
        return std::none_of(keys.begin(), keys.end(),
                            [&](const std::string& key) { return family(key) == family(write.key); });
    };
    writes.erase(std::remove_if(writes.begin(), writes.end(), is_other), writes.end());
    return writes;
}

} // namespace vz::limits
