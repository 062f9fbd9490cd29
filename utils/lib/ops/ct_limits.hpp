// SPDX-License-Identifier: GPL-2.0-or-later
// From the keys of NUM.conf to limits for the kernel; pure but for the number of processors.
#pragma once

#include "vz/base/reporter.hpp"
#include "vz/config/container.hpp"
#include "vz/limits/inside.hpp"
#include "vz/limits/limits.hpp"

#include "vz/ops/settings.hpp"

#include <optional>
#include <string>

namespace vz::ops {

// A key whose value cannot be read is told to `out` and limits nothing.
limits::Limits limits_of(const config::Container& container, Reporter& out);

// NUMFILE, LOCKEDPAGES, NUMSIGINFO.
limits::ProcessLimits process_limits_of(const config::Container& container, Reporter& out);
std::optional<std::uint64_t> shared_pages_of(const config::Container& container, Reporter& out); // SHMPAGES
std::optional<std::uint64_t> terminals_of(const config::Container& container, Reporter& out);    // NUMPTY

// What an administrator should know about the memory limit of this configuration; nothing if it is plain.
std::optional<std::string> memory_notice(const config::Container& container);

// Whether the limits and devices that were changed fit the rest of the configuration, and this host.
// Errc::limits_missing, ::bad_syntax, ::devices, ::capability.
Result<void> check_limits(const config::Container& wanted, const Changes& changes);

} // namespace vz::ops
