// SPDX-License-Identifier: GPL-2.0-or-later
// Limits that are no control groups: what the kernel keeps by process, by IPC namespace and by the file
// system of terminals. All of them act on a running container at once, and on one that is about to run.
#pragma once

#include "vz/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace vz::limits {

// As setrlimit(2): a program may raise the soft one up to the hard one. Nothing can raise the hard one
// inside.
struct ProcessLimit {
    std::uint64_t soft = 0;
    std::uint64_t hard = 0;
    bool operator==(const ProcessLimit&) const = default;
};

// Nothing: left as it is.
struct ProcessLimits {
    std::optional<ProcessLimit> open_files;
    std::optional<ProcessLimit> locked_bytes;
    std::optional<ProcessLimit> pending_signals; // all processes of one user together
};

// For every process of the container whose init this is, also those that are made meanwhile.
Result<void> limit_processes(pid_t init, const ProcessLimits& limits);

// System V shared memory of the container's IPC namespace, in pages of 4096 bytes; nothing: the kernel's own
// limit, which is none.
Result<void> limit_shared_memory(pid_t init, const std::optional<std::uint64_t>& pages);

// Pseudo-terminals of the container's /dev/pts; those in use stay. Errc::failed if the container has mounted
// something else there.
Result<void> limit_terminals(pid_t init, std::uint64_t count);

// The options of the mount with this number in the text of /proc/self/mountinfo, as its file system has them
// ("rw,gid=5,mode=620,max=1024"); pure.
std::optional<std::string> super_options(std::string_view mountinfo, std::uint64_t mount_id);

} // namespace vz::limits
