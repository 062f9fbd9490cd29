// SPDX-License-Identifier: GPL-2.0-or-later
// The program criu(8), which writes the memory of processes into images: whether it suits, how it is called,
// what it says.
#pragma once

#include "vz/base/result.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace vz::checkpoint {

struct Version {
    unsigned major = 0;
    unsigned minor = 0;
    auto operator<=>(const Version&) const = default;
};
// From "Version: 4.1.1" of "criu --version", or "6.12.38-amd64" of uname(2); pure.
std::optional<Version> parse_version(std::string_view text);

// Why this version of CRIU does not suit this kernel; nothing if it does. Pure.
std::optional<std::string> version_obstacle(const Version& criu, const Version& kernel);

// Whether the programs and the kernel of this host can checkpoint at all. Errc::checkpoint, with a remedy.
Result<void> check_host();

struct DumpRequest {
    pid_t init = 0;
    std::string images;                 // folder
    std::string group;                  // folder of the container's control group
    std::vector<std::string> from_host; // files of the host mounted inside, "proc/meminfo"
    std::vector<std::string> devices;   // network devices inside whose other end is the host's
    std::string hook;                   // program for the stages
    bool leave_running = false;
};
std::vector<std::string> dump_command(const DumpRequest& request); // pure

// What it complained about first, without times and source positions; "" for nothing. Pure.
std::string first_error(std::string_view log);

// A dump that failed of this will succeed at another moment.
bool is_transient(std::string_view error);

// Names in the folder of images.
inline constexpr const char* k_dump_log = "dump.log";
inline constexpr const char* k_restore_log = "restore.log";

} // namespace vz::checkpoint
