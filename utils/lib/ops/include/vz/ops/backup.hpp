// SPDX-License-Identifier: GPL-2.0-or-later
// Backups of containers: `vzbackup`. What they are made of: vz/backup/depot.hpp.
#pragma once

#include "vz/backup/depot.hpp"
#include "vz/backup/retention.hpp"
#include "vz/ops/context.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace vz::ops {

// Called at the phases of vzdump(1): backup-start, pre-stop, pre-restart, backup-end, backup-abort. An error
// ends the backup, but for the last two.
struct BackupPhase {
    std::string_view name;
    backup::Mode mode;
    config::Ctid ctid;
    std::string hostname;
    std::string archive; // path of what has changed; it is there at the end, if anything has
};
using BackupHook = std::function<Result<void>(const BackupPhase& phase)>;

struct BackupRequest {
    backup::Mode mode = backup::Mode::snapshot; // stopped containers need none; what a layout cannot do
                                                // becomes `suspend`
    bool full = false;                          // read and keep everything, whatever backups there are
    unsigned full_every = 30;                   // after so many backups that go on from one another; 0: never
    std::vector<std::string> exclude;           // shell patterns for paths from "/"
    std::uint64_t bytes_per_second = 0;         // 0: no limit
    backup::Retention retention;                // applied once the backup is there
    BackupHook hook;
    std::chrono::milliseconds patience{0}; // for other commands that work on the container
    std::string tool;                      // "vzbackup 5.0.0"
};

struct BackupDone {
    backup::Head head;
    std::vector<std::string> pruned; // ids
};

// The container goes on as it was: also when this fails, or when we are killed. Errc: locked, no_private,
// no_disk_space, failed …
Result<BackupDone> back_up(const Context& context, const backup::Depot& depot, config::Ctid ctid,
                           const BackupRequest& request);

} // namespace vz::ops
