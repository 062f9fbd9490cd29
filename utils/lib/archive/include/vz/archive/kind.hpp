// SPDX-License-Identifier: GPL-2.0-or-later
// Which compression an archive has, told by its first bytes.
#pragma once

#include "vz/base/result.hpp"

#include <string>

namespace vz::archive {

// ".tar", ".tar.gz", ".tar.bz2", ".tar.xz" or ".tar.zst"; ".tar" for everything unknown, which reading will
// refuse.
Result<std::string> archive_suffix(const std::string& path);

} // namespace vz::archive
