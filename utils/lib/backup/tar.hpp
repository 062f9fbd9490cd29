// SPDX-License-Identifier: GPL-2.0-or-later
// Members of a PAX tar archive (POSIX.1-2017, pax, "pax Interchange Format") as GNU tar and libarchive read
// them: times to the nanosecond, SCHILY.xattr.*, SCHILY.acl.*, GNU.sparse 1.0. Pure: bytes only.
#pragma once

#include "vz/backup/entry.hpp"

#include <string>
#include <vector>

namespace vz::backup {

constexpr std::size_t k_tar_block = 512;

struct Extent {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

// What is to be written before the content. `extents` are the pieces of a file with holes that are not holes,
// in order: their bytes follow, and nothing else; without any the file's whole content does.
std::string tar_header(const Entry& entry, const std::vector<Extent>* extents = nullptr);

// Zeros that follow so many bytes of content.
std::string tar_padding(std::uint64_t size);

std::string tar_end();

} // namespace vz::backup
