// SPDX-License-Identifier: GPL-2.0-or-later
// Unpacking foreign tar archives (plain, gzip, bzip2, xz or zstd, told by their first bytes). The process
// that calls this is confined by it for the rest of its life, before anything is parsed: it is root of a
// container's user namespace only, sees nothing but the target and has no other rights. So it is a process of
// its own: call vz/unpack/unpack.hpp instead. An archive is proven good from its first to its last byte
// before anything is written.
#pragma once

#include "vz/base/reporter.hpp"
#include "vz/base/result.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/fd.hpp"

#include <cstdint>
#include <string>

namespace vz::archive {

struct Limits {
    std::uint64_t max_entries = 4'000'000;
    std::uint64_t max_bytes = std::uint64_t{1} << 40; // of the unpacked stream
};

struct ExtractRequest {
    std::string file; // a path of the host's administrator
    const sys::Dir&
        target; // an id-mapped mount for `userns`: ids 0 … 65535 are kept as they are in the archive
    const sys::Fd& userns;
    Limits limits = {};
    Reporter& reporter = silent_reporter();
};

struct Summary {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0; // of the unpacked stream
};

// Unpacks into the empty folder `target`; the archive's root becomes `target` itself. Kept: numeric owners,
// modes, times, hard links, sparse files, file capabilities, user attributes and ACLs. Names in ACLs mean the
// accounts of the archive's own etc/passwd and etc/group; pages of zeros become holes. Durable on return
// (syncfs(2)). Errc::bad_template: not an archive, truncated, corrupt or hostile; nothing was written.
// Errc::no_disk_space: the target is then partly filled, unless it was clear from the start.
Result<Summary> extract(const ExtractRequest& request);

// Proves the archive good and writes nothing; `target` is only where the process is locked in.
Result<Summary> check(const ExtractRequest& request);

// Compares the folder with the archive it came from: Errc::failed names the first difference.
Result<Summary> compare(const ExtractRequest& request);

} // namespace vz::archive
