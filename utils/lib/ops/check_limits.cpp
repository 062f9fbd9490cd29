// SPDX-License-Identifier: GPL-2.0-or-later
#include "capabilities.hpp"
#include "ct_limits.hpp"
#include "vz/base/text.hpp"
#include "vz/base/units.hpp"
#include "vz/limits/devices.hpp"

#include <algorithm>

namespace vz::ops {

namespace {

const std::string* changed(const Changes& changes, std::string_view key) {
    const auto found = std::find_if(changes.rbegin(), changes.rend(),
                                    [&](const auto& change) { return change.first == key; });
    return found == changes.rend() ? nullptr : &found->second;
}

// With memory limited and swap not, a container in need would take all swap of the host.
Result<void> check_memory(const config::Container& wanted, const Changes& changes) {
    const auto* memory = changed(changes, "PHYSPAGES");
    const auto limit =
        memory ? config::parse_limit(*memory) : Result<config::Limit>(config::Limit{0, units::unlimited});
    if (!limit || limit->limit >= units::unlimited || !wanted.get_or("SWAPPAGES", "").empty())
        return {};
    return fail(Errc::limits_missing, "memory is limited and swap is not: give --swap too");
}

Result<void> check_pinning(const config::Container& wanted, const Changes& changes) {
    const auto* nodes = changed(changes, "NODEMASK");
    if (nodes && *nodes != "all" && wanted.get_or("CPUMASK", "").empty())
        return fail(Errc::bad_syntax,
                    "--nodemask needs --cpumask, or --cpumask auto for the processors of these nodes");
    return {};
}

Result<void> check_devices(const Changes& changes) {
    const auto* nodes = changed(changes, "DEVNODES");
    for (const auto& word : text::words(nodes ? *nodes : "")) {
        const auto colon = word.rfind(':');
        if (word.substr(colon + 1) != "none")
            VZ_TRY(limits::host_device(word.substr(0, colon)));
    }
    return {};
}

} // namespace

Result<void> check_limits(const config::Container& wanted, const Changes& changes) {
    VZ_TRY(check_memory(wanted, changes));
    VZ_TRY(check_pinning(wanted, changes));
    VZ_TRY(check_devices(changes));
    const auto* capabilities = changed(changes, "CAPABILITY");
    return capabilities ? check_capabilities(*capabilities, last_capability()) : Result<void>();
}

} // namespace vz::ops
