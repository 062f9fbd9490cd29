// SPDX-License-Identifier: GPL-2.0-or-later
// The compressions that are read, and their first bytes.
#pragma once

#include "vz/base/result.hpp"

namespace vz::archive {

enum class Compression { none, gzip, bzip2, xz, zstd };

Result<Compression> compression_of(int fd); // does not move the file's position

} // namespace vz::archive
