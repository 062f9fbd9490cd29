// SPDX-License-Identifier: GPL-2.0-or-later
// Suspending a running container into files, and bringing the same processes back.
//
// What begins to write or to restore goes on to its end by itself, holding the container's lock, even if the
// command is killed: a process that is half read or half made is of no use to anybody.
#pragma once

#include "vz/ops/context.hpp"

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace vz::ops {

// Why the container cannot be checkpointed now, a line each: what in it, and what to do. Nothing is stopped.
// Errc::not_running, checkpoint (this host cannot at all).
Result<std::vector<std::string>> check_checkpoint(const Context& context, config::Ctid ctid);

// The steps of the classic command. One alone leaves the container between two states, which are the
// administrator's to end: stopped where it is, or with its processes made and not running.
enum class SuspendStep { all, suspend, dump, resume, kill };
enum class ResumeStep { all, undump, resume, kill };

struct SuspendRequest {
    std::string dump_file; // "" for the container's own place, DUMPDIR/Dump.CTID
    SuspendStep step = SuspendStep::all;
};
// Errc::not_running, checkpoint. After a failure the container runs on, and no dump is there.
Result<void> suspend(const Context& context, config::Ctid ctid, const SuspendRequest& request);

struct ResumeRequest {
    std::string dump_file;
    ResumeStep step = ResumeStep::all;
    bool skip_remount = false;
};
// Errc::running, restore. After a failure the dump is there as before, and nothing of the container runs. A
// dump in the container's own place is gone afterwards, another stays.
Result<void> resume(const Context& context, config::Ctid ctid, const ResumeRequest& request);

// The same for a caller who holds the lock.
Result<void> resume_locked(const Context& context, const config::Container& container,
                           const ResumeRequest& request);

// The container's own place for a dump, and whether a whole one is there.
std::string dump_path(const config::Host& host, config::Ctid ctid);
bool has_dump(const config::Host& host, config::Ctid ctid);
std::string put_dump_aside(const config::Host& host, config::Ctid ctid); // where it is then
void remove_dump(const config::Host& host, config::Ctid ctid);

// Ends what a killed suspend or resume left. The caller holds the lock.
void settle_checkpoint(const Context& context, config::Ctid ctid);

// Called by vz-hook for a stage of CRIU, CRTOOLS_SCRIPT_ACTION; `init` as CRIU knows it, CRTOOLS_INIT_PID.
Result<void> hook_checkpoint(const config::Host& host, config::Ctid ctid, const std::string& stage,
                             pid_t init, Reporter& out);

} // namespace vz::ops
