// SPDX-License-Identifier: GPL-2.0-or-later
// Programs inside a container: exec, exec2, exec3, enter, runscript.
#pragma once

#include "vz/config/container.hpp"
#include "vz/ops/context.hpp"

#include <string>
#include <vector>

namespace vz::ops {

enum class ExecMode {
    shell,  // words joined by blanks, given to a shell; "-": the shell reads our standard input
    direct, // an argument vector, no shell
};

// The command's exit status. Errc::not_running, bad_syntax (no command).
Result<int> exec(const Context& context, config::Ctid ctid, ExecMode mode,
                 const std::vector<std::string>& words);

// A shell (or `command`) on a terminal of the container; its exit status.
Result<int> enter(const Context& context, config::Ctid ctid, const std::vector<std::string>& command);

// Runs a script file of the host inside; a stopped container is mounted and runs nothing else meanwhile.
// Errc::no_script.
Result<int> runscript(const Context& context, config::Ctid ctid, const std::string& file);

// Runs script text in the running container.
Result<int> exec_script(const Context& context, const config::Container& container,
                        const std::string& script);

// Whether the init inside has come up: systemd says "running" or "degraded", another init answers.
// Errc::wait_failed after `seconds`, also when the container does not answer at all.
Result<void> wait_until_up(const Context& context, const config::Container& container, unsigned seconds);

} // namespace vz::ops
