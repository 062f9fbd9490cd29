// SPDX-License-Identifier: GPL-2.0-or-later
// What /proc and the environment say about a process, as pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vz::record {

// Fields of /proc/PID/stat from the third on.
std::vector<std::string> stat_fields(std::string_view stat);
// Name of a terminal's device number as /proc/PID/stat has it: "pts/3", "tty1", "" if unknown.
std::string terminal_name(std::uint64_t device);
// The client's address of SSH_CONNECTION, "" if it is not of that form.
std::string client_of(std::string_view ssh_connection);
// The systemd service of a process by /proc/PID/cgroup; "" for people's sessions.
std::string service_of(std::string_view cgroups);

} // namespace vz::record
