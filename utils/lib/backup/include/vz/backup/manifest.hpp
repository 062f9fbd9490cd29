// SPDX-License-Identifier: GPL-2.0-or-later
// Reads the manifest of a backup: what is in it, file by file.
#pragma once

#include "vz/backup/depot.hpp"
#include "vz/backup/entry.hpp"
#include "vz/backup/head.hpp"

#include <functional>

namespace vz::backup {

// Calls `take` for each line, in the order of the walk. Size, digest and number of lines are proven before
// the last call returns: a caller does nothing final with what it was given until then. Errc::failed names
// the file and what is wrong.
Result<void> read_manifest(const Depot& depot, const Head& head,
                           const std::function<Result<void>(Entry)>& take);
// The same of an open file, from its position.
Result<void> read_manifest(int fd, const Head& head, const std::function<Result<void>(Entry)>& take);

} // namespace vz::backup
