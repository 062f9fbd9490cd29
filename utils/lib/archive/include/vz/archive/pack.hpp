// SPDX-License-Identifier: GPL-2.0-or-later
// Packs a folder into a .tar.zst whose bytes depend on nothing but the folder's content: members sorted,
// owners as numbers, no access times, no inode numbers.
#pragma once

#include "vz/base/reporter.hpp"
#include "vz/base/result.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/fd.hpp"

#include <cstdint>
#include <optional>

namespace vz::archive {

struct PackRequest {
    const sys::Dir& root;                    // becomes "./"
    const sys::Fd& out;                      // an empty file, written from its position; durable on return
    std::optional<std::int64_t> latest = {}; // times after this second become it, and fractions are cut
    Reporter& reporter = silent_reporter();
};

// Left out: sockets, devices, and what is mounted below the folder. Errc::bad_template for owners above
// 65535.
Result<void> pack(const PackRequest& request);

} // namespace vz::archive
