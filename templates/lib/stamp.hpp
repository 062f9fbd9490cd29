// SPDX-License-Identifier: GPL-2.0-or-later
// Remembers the digest of an archive, so that it is not read again while it stays the same file.
#pragma once

#include <optional>
#include <string>

namespace vz::templates {

// The digest kept in `stamp` if `archive` is still the file it was taken of (inode, size, both times).
std::optional<std::string> stamped_digest(const std::string& stamp, const std::string& archive);

// Best effort: without it the archive is read again next time.
void write_stamp(const std::string& stamp, const std::string& archive, const std::string& sha256);

} // namespace vz::templates
