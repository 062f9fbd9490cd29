// SPDX-License-Identifier: GPL-2.0-or-later
// The thin volumes that hold templates: containers begin as snapshots of them.
#pragma once

#include "lvm.hpp"

namespace vz::storage {

// Of volume.template_tree; made if it is not there. Whoever wants the same one meanwhile waits.
Result<lvm::LogicalVolume> ensure_thin_template(const Volume& volume, const Fill& fill);

} // namespace vz::storage
