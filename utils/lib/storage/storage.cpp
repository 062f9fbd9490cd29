// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/storage/storage.hpp"

#include "vz/sys/mount.hpp"

namespace vz::storage {

Result<void> Storage::unmount(const Volume& volume) const {
    return sys::unmount_all(volume.root);
}

} // namespace vz::storage
