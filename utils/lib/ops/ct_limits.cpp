// SPDX-License-Identifier: GPL-2.0-or-later
#include "ct_limits.hpp"

#include "vz/base/text.hpp"
#include "vz/base/units.hpp"

#include <algorithm>

namespace vz::ops {

namespace {

// The limit (second number) of a barrier:limit key in bytes or plain units; nothing if unset or unlimited.
std::optional<std::uint64_t> limit_of(const config::Container& container, const char* key, std::uint64_t unit,
                                      Reporter& out) {
    const auto text = container.get(key);
    if (!text || text->empty())
        return std::nullopt;
    const auto limit = config::parse_limit(*text, unit);
    if (!limit) {
        out.warning(format("{} of {}: {}", key, container.ctid().value(), limit.error().what));
        return std::nullopt;
    }
    return limit->limit >= units::unlimited ? std::nullopt : std::optional(limit->limit);
}

std::optional<std::uint64_t> number_of(const config::Container& container, const char* key, Reporter& out) {
    const auto value = container.get(key);
    if (!value || value->empty())
        return std::nullopt;
    const auto number = text::to_uint(*value);
    if (!number)
        out.warning(
            format("{} of {}: not a number: {}", key, container.ctid().value(), text::printable(*value)));
    return number;
}

std::optional<std::uint64_t> cpu_percent(const config::Container& container, Reporter& out) {
    auto percent = number_of(container, "CPULIMIT", out);
    if (percent == 0U)
        percent.reset(); // 0 means no limit
    const auto cpus = number_of(container, "CPUS", out);
    if (cpus && *cpus > 0)
        percent = std::min(percent.value_or(*cpus * 100), *cpus * 100);
    return percent;
}

} // namespace

limits::Limits limits_of(const config::Container& container, Reporter& out) {
    limits::Limits limits;
    limits.memory_bytes = limit_of(container, "PHYSPAGES", units::page, out);
    // Old configurations limit the address space instead; memory is the nearest thing that can be limited.
    if (!limits.memory_bytes)
        limits.memory_bytes = limit_of(container, "PRIVVMPAGES", units::page, out);
    limits.swap_bytes = limit_of(container, "SWAPPAGES", units::page, out);
    limits.processes = limit_of(container, "NUMPROC", 1, out);
    limits.cpu_percent = cpu_percent(container, out);
    limits.cpu_units = number_of(container, "CPUUNITS", out).value_or(1000);
    return limits;
}

} // namespace vz::ops
