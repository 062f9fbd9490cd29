// SPDX-License-Identifier: GPL-2.0-or-later
// What runs now: a record in /run/vz that the start hook writes, checked against the kernel on each reading.
// Answers in microseconds and needs no help from liblxc.
#pragma once

#include "vz/base/result.hpp"
#include "vz/config/ctid.hpp"
#include "vz/config/host.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>

namespace vz::ops {

struct Runtime {
    pid_t init = 0;
    std::uint64_t start_ticks = 0;             // of the init, field 22 of /proc/PID/stat
    std::map<std::string, std::string> groups; // control groups, as limits::Groups
    std::string folder;                        // below /run/vz: what is known of it while it runs
};

// The running container's record; nothing if it does not run.
std::optional<Runtime> load_runtime(const config::HostPaths& paths, config::Ctid ctid);
Result<void> save_runtime(const config::HostPaths& paths, config::Ctid ctid, const Runtime& runtime);
void forget_runtime(const config::HostPaths& paths, config::Ctid ctid);

// Whether a record is there, of a container that runs or of one whose end nobody has cleaned up after yet.
bool has_record(const config::HostPaths& paths, config::Ctid ctid);

inline bool is_running(const config::HostPaths& paths, config::Ctid ctid) {
    return load_runtime(paths, ctid).has_value();
}

// Start time of a living process (zombies do not count).
std::optional<std::uint64_t> process_start_ticks(pid_t pid);
// Seconds since the process started.
std::optional<double> process_age(pid_t pid);

// "Mounted on purpose": the clean-up after a halt leaves such a container mounted.
void mark_mounted(const config::HostPaths& paths, config::Ctid ctid, bool on_purpose);
bool is_marked_mounted(const config::HostPaths& paths, config::Ctid ctid);

} // namespace vz::ops
