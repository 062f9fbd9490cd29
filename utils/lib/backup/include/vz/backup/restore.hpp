// SPDX-License-Identifier: GPL-2.0-or-later
// Reading backups back. The process that calls one of these is confined by it for the rest of its life, as by
// vz/archive/extract.hpp, before anything but the head is parsed: call vz/unpack/backup.hpp instead. All
// parts are proven (size and SHA-256) and the manifest makes sense as a whole before anything is written;
// every file's content is proven while it is. Errc::failed names the part, and the path where there is one.
#pragma once

#include "vz/backup/depot.hpp"
#include "vz/backup/entry.hpp"
#include "vz/base/reporter.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/fd.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace vz::backup {

struct ReadRequest {
    const Depot& depot;
    std::string id;
    const sys::Dir& target; // an id-mapped mount for `userns`
    const sys::Fd& userns;
    std::vector<std::string> only = {}; // files and folders; empty: all
    Reporter& reporter = silent_reporter();
};

struct Restored {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    std::vector<Entry> left; // devices, and hard links to them, which only the host's root can make
};

// Writes the files into `target`, which may hold those of the backup's template. Durable on return
// (syncfs(2)). Errc::no_disk_space: the target is then partly filled, unless it was clear from the start.
Result<Restored> restore(const ReadRequest& request);

// Writes them to `out` as a tar archive (pax) instead; the target is only where the process is locked in.
Result<Restored> write_tar(const ReadRequest& request, const sys::Fd& out);

// Re-reads and re-hashes all that the backup needs. Every damaged part and the files concerned are told as
// warnings; the error then says how many.
Result<Restored> verify(const ReadRequest& request);

} // namespace vz::backup
