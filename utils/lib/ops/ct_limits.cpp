// SPDX-License-Identifier: GPL-2.0-or-later
#include "ct_limits.hpp"

#include "vz/base/text.hpp"
#include "vz/base/units.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>
#include <sys/resource.h>
#include <unistd.h>

namespace vz::ops {

namespace {

constexpr std::uint64_t k_most_terminals = 1 << 20; // NR_UNIX98_PTY_MAX of the kernel

using Amount = std::optional<std::uint64_t>;

// Reads the keys of one container, and tells what it cannot read.
class Keys {
public:
    Keys(const config::Container& container, Reporter& out) : m_container(container), m_out(out) {}

    // barrier:limit in bytes or plain units.
    std::optional<config::Limit> pair(const char* key, std::uint64_t unit) const {
        const auto text = m_container.get(key);
        if (!text || text->empty())
            return std::nullopt;
        const auto limit = config::parse_limit(*text, unit);
        if (limit)
            return *limit;
        tell(key, limit.error().what);
        return std::nullopt;
    }
    Amount limit(const char* key, std::uint64_t unit) const {
        const auto both = pair(key, unit);
        return both && both->limit < units::unlimited ? Amount(both->limit) : std::nullopt;
    }
    // Of a guarantee the barrier counts. Nothing can guarantee what is unlimited.
    Amount guarantee(const char* key) const {
        const auto both = pair(key, units::page);
        return both && both->barrier > 0 && both->barrier < units::unlimited ? Amount(both->barrier)
                                                                             : std::nullopt;
    }
    Amount number(const char* key) const {
        const auto value = m_container.get(key);
        if (!value || value->empty())
            return std::nullopt;
        const auto number = text::to_uint(*value);
        if (!number)
            tell(key, "not a number: " + text::printable(*value));
        return number;
    }
    // 0 means no limit.
    Amount number_or_none(const char* key) const {
        const auto value = number(key);
        return value && *value > 0 ? value : std::nullopt;
    }
    Amount size(const char* key) const {
        const auto value = m_container.get(key);
        if (!value || value->empty())
            return std::nullopt;
        const auto bytes = units::parse_size(*value);
        if (!bytes)
            tell(key, bytes.error().what);
        return bytes && *bytes > 0 && *bytes < units::unlimited ? Amount(*bytes) : std::nullopt;
    }
    // "" and "all" stand for everything.
    std::optional<limits::IdList> list(const char* key) const {
        const auto value = m_container.get_or(key, "");
        if (value.empty() || value == "all" || value == "auto")
            return std::nullopt;
        const auto list = limits::IdList::parse(value);
        if (list)
            return *list;
        tell(key, list.error().what);
        return std::nullopt;
    }

private:
    void tell(const char* key, const std::string& what) const {
        m_out.warning(format("{} of {}: {}", key, m_container.ctid().value(), what));
    }

    const config::Container& m_container;
    Reporter& m_out;
};

Amount cpu_percent(const Keys& keys) {
    auto percent = keys.number_or_none("CPULIMIT");
    if (const auto cpus = keys.number_or_none("CPUS"))
        percent = std::min(percent.value_or(*cpus * 100), *cpus * 100);
    return percent;
}

std::uint64_t cpu_weight(const Keys& keys) {
    const auto weight = keys.number_or_none("CPUWEIGHT");
    const auto units = keys.number("CPUUNITS").value_or(1000);
    return std::clamp<std::uint64_t>(weight.value_or(units / 10), 1, 10000);
}

// 0 to 7, of which 4 is usual; the weights of v2 are around 100.
Amount io_weight(const Keys& keys) {
    const auto priority = keys.number("IOPRIO");
    return priority && *priority <= 7 ? Amount((*priority + 1) * 20) : std::nullopt;
}

std::optional<limits::ProcessLimit> process_limit(const Keys& keys, const char* key, std::uint64_t unit) {
    const auto both = keys.pair(key, unit);
    if (!both)
        return std::nullopt;
    const auto one = [](std::uint64_t value) {
        return value >= units::unlimited ? std::uint64_t{RLIM_INFINITY} : value;
    };
    return limits::ProcessLimit{std::min(one(both->barrier), one(both->limit)), one(both->limit)};
}

} // namespace

limits::Limits limits_of(const config::Container& container, Reporter& out) {
    const Keys keys(container, out);
    limits::Limits limits;
    limits.memory_bytes = keys.limit("PHYSPAGES", units::page);
    const auto physical = keys.pair("PHYSPAGES", units::page);
    if (limits.memory_bytes && physical->barrier > 0 && physical->barrier < *limits.memory_bytes)
        limits.memory_high_bytes = physical->barrier;
    // Old configurations limit the address space instead; memory is the nearest thing that can be limited.
    if (!limits.memory_bytes)
        limits.memory_bytes = keys.limit("PRIVVMPAGES", units::page);
    limits.memory_low_bytes = keys.guarantee("VMGUARPAGES");
    limits.memory_min_bytes = keys.guarantee("OOMGUARPAGES");
    limits.swap_bytes = keys.limit("SWAPPAGES", units::page);
    limits.processes = keys.limit("NUMPROC", 1);
    limits.cpu_percent = cpu_percent(keys);
    limits.cpu_weight = cpu_weight(keys);
    limits.cpus = keys.list("CPUMASK");
    limits.nodes = keys.list("NODEMASK");
    limits.cpus_of_nodes = container.get_or("CPUMASK", "") == "auto";
    limits.io_bytes_per_second = keys.size("IOLIMIT");
    limits.io_operations_per_second = keys.number_or_none("IOPSLIMIT");
    limits.io_weight = io_weight(keys);
    return limits;
}

limits::ProcessLimits process_limits_of(const config::Container& container, Reporter& out) {
    const Keys keys(container, out);
    limits::ProcessLimits limits;
    limits.open_files = process_limit(keys, "NUMFILE", 1);
    limits.locked_bytes = process_limit(keys, "LOCKEDPAGES", units::page);
    limits.pending_signals = process_limit(keys, "NUMSIGINFO", 1);
    // More open files than the host allows one process at all cannot be asked for.
    const auto most = text::to_uint(text::trim(sys::read_kernel_file("/proc/sys/fs/nr_open").value_or("")));
    if (limits.open_files && most)
        limits.open_files = {std::min(limits.open_files->soft, *most),
                             std::min(limits.open_files->hard, *most)};
    return limits;
}

std::optional<std::uint64_t> shared_pages_of(const config::Container& container, Reporter& out) {
    const auto bytes = Keys(container, out).limit("SHMPAGES", units::page);
    return bytes ? std::optional(*bytes / units::page) : std::nullopt;
}

std::optional<std::uint64_t> terminals_of(const config::Container& container, Reporter& out) {
    const auto both = Keys(container, out).pair("NUMPTY", 1);
    return both ? std::optional(std::min(both->limit, k_most_terminals)) : std::nullopt;
}

std::optional<std::string> memory_notice(const config::Container& container) {
    const Keys keys(container, silent_reporter());
    const auto derived = keys.limit("PRIVVMPAGES", units::page);
    if (keys.limit("PHYSPAGES", units::page) || !derived)
        return std::nullopt;
    return format("PHYSPAGES is not set: memory is limited to {}, as PRIVVMPAGES has it",
                  units::human_size(*derived));
}

} // namespace vz::ops
