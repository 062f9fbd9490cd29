// SPDX-License-Identifier: GPL-2.0-or-later
// Turns a freshly installed Debian tree into a template: no identity, no keys, no logs, no caches, nothing of
// the machine it was made on, and no unit that cannot work in a container.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/dir.hpp"
#include "vz/templates/manifest.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vz::templates {

struct CleanPlan {
    std::vector<std::string> masked;  // units
    std::vector<std::string> removed; // paths
    std::string apt_sources;          // content of sources.list.d/debian.sources
    std::int64_t date = 0;            // seconds since the epoch
};

Result<void> clean(const sys::Dir& root, const CleanPlan& plan);

// Password ages count from `date`; accounts without any password are locked.
std::string cleaned_shadow(std::string_view shadow, std::int64_t date);

// The installed packages of a dpkg status file, sorted by name.
std::vector<Package> parse_dpkg_status(std::string_view status);

} // namespace vz::templates
