// SPDX-License-Identifier: GPL-2.0-or-later
// A file may have several names in the layers below an overlay's upper. Once one of them is changed, the
// kernel keeps the changed file in work/index too, under the handle of the one below, and shows it under all
// names (overlayfs.rst, "Index"; the names: fs/overlayfs/namei.c, ovl_get_index_name).
#pragma once

#include "vz/storage/storage.hpp"

#include <string>
#include <vector>

namespace vz::storage::overlay_index {

std::string folder_of(const std::string& overlay); // `overlay` holds upper and work

// Whether there are such names that the upper does not have itself.
bool joins_names(const std::string& overlay);

// Them, and where the index has their file. `seen` are the folders from the upper down to the template.
Result<std::vector<Joined>> joined_names(const std::string& overlay,
                                         const std::vector<const sys::Dir*>& seen);

} // namespace vz::storage::overlay_index
