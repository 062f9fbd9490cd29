// SPDX-License-Identifier: GPL-2.0-or-later
// What vz/backup/restore.hpp and consolidate.hpp do with backups, done by the program vz-unpack
// (vz/unpack/unpack.hpp).
#pragma once

#include "vz/backup/consolidate.hpp"
#include "vz/backup/restore.hpp"
#include "vz/backup/view.hpp"

namespace vz::unpack {

Result<backup::Restored> restore_backup(const backup::ReadRequest& request);
Result<backup::Restored> verify_backup(const backup::ReadRequest& request);
Result<backup::Restored> write_backup_tar(const backup::ReadRequest& request, const sys::Fd& out);
Result<backup::FullParts> write_full_backup(const backup::ReadRequest& request, const sys::Fd& archive,
                                            const sys::Fd& manifest);

Result<backup::Listed> list_backup_files(const backup::ReadRequest& request, const sys::Fd& out);

} // namespace vz::unpack
