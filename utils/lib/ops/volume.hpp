// SPDX-License-Identifier: GPL-2.0-or-later
// From a container's configuration to its storage.
#pragma once

#include "vz/config/container.hpp"
#include "vz/storage/storage.hpp"

#include <memory>

namespace vz::ops {

std::unique_ptr<storage::Storage> storage_for(config::Layout layout);

// Errc::bad_config if the id range is missing: a container is never run with the host's own ids.
Result<storage::Volume> volume_of(const config::Container& container);

} // namespace vz::ops
