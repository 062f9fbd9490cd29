// SPDX-License-Identifier: GPL-2.0-or-later
// Disk space and inodes of containers, seen from the host.
#pragma once

#include "vz/base/result.hpp"
#include "vz/config/container.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace vz::monitoring {

// A supply of bytes or of inodes. `used` + `available` may be less than `total`: root's reserve.
struct Supply {
    std::uint64_t total = 0;
    std::uint64_t used = 0;
    std::uint64_t available = 0; // to ordinary users

    // Used part of what ordinary users can have, in per cent, rounded up as df(1) does; nothing if there is
    // no supply at all (file systems that make inodes as they go).
    std::optional<unsigned> percent() const;
};

// What one tree of files holds; a file with several names counts once.
struct TreeUse {
    std::uint64_t bytes = 0; // on disk
    std::uint64_t inodes = 0;
};

struct DiskUse {
    config::Ctid ctid{0};
    std::string hostname;
    std::string private_area;
    Supply bytes; // of the file system that holds the private area
    Supply inodes;
    std::optional<std::uint64_t>
        limit_bytes; // DISKSPACE of the container (the hard one); nothing if unlimited
    std::optional<std::uint64_t> limit_inodes; // DISKINODES
    std::optional<TreeUse> own; // the container's own files, if they were counted; with those that it
                                // shares with copies of it
};

enum class Count { no, files }; // files: walk through all files of the container, which takes its time

// Errc::no_private if the private area cannot be reached.
Result<DiskUse> disk_use(const config::Container& container, Count count);

// Never leaves the file system of `path` and follows no link; what vanishes meanwhile is left out.
Result<TreeUse> tree_use(const std::string& path);

} // namespace vz::monitoring
