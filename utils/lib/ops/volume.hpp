// SPDX-License-Identifier: GPL-2.0-or-later
// From a container's configuration to its storage.
#pragma once

#include "vz/base/reporter.hpp"
#include "vz/config/container.hpp"
#include "vz/storage/storage.hpp"

#include <memory>

namespace vz::ops {

std::unique_ptr<storage::Storage> storage_for(config::Layout layout);

// Errc::bad_config if the id range is missing: a container is never run with the host's own ids.
Result<storage::Volume> volume_of(const config::Container& container);

// For a container that is being made: the layout that a word of vz.conf or of a command line means on this
// host.
Result<config::Layout> choose_layout(const config::Container& container, std::string_view word);

// Writes down where the layout keeps its files: a later change of vz.conf must not move an existing
// container.
Result<void> write_down_storage(config::Container& container);

// What DISKSPACE and DISKINODES say; the hard limits. DISK_QUOTA=no: none.
storage::DiskLimits disk_limits_of(const config::Container& container);

// Sets the limits of the configuration. Limits that nobody asked for just now (a sample's, an older call's)
// and that cannot be enforced here are a warning.
Result<void> apply_disk_limits(const config::Container& container, Reporter& out);

} // namespace vz::ops
