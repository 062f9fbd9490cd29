// SPDX-License-Identifier: GPL-2.0-or-later
// The files of a backup, opened all at once before the process that reads them is confined.
#pragma once

#include "vz/backup/depot.hpp"
#include "vz/base/reporter.hpp"
#include "vz/sys/fd.hpp"

#include <cstdint>
#include <vector>

namespace vz::backup {

struct OpenPart {
    Part part;
    sys::Fd fd;
};

// Errc::failed, naming the file: missing, or not of the size that the head says.
Result<OpenPart> open_part(const Depot& depot, const Part& part);

struct OpenParts {
    std::vector<OpenPart> archives; // as Head::archives
    OpenPart manifest;

    static Result<OpenParts> open(const Depot& depot, const Head& head);
};

// Reads it from end to end. Errc::failed: its SHA-256 is another.
Result<void> prove(const OpenPart& part, Reporter& reporter);

// The unpacked size as the seek table of an archive tells it; nothing if it has none. A claim, no more.
std::optional<std::uint64_t> claimed_size(const OpenPart& archive);

} // namespace vz::backup
