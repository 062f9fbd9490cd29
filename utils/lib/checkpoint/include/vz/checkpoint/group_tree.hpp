// SPDX-License-Identifier: GPL-2.0-or-later
// The control groups below a container's own (version 2): CRIU keeps those that hold processes, but neither
// the empty ones, which programs have open, nor the limits and owners of any, nor which controllers are on.
#pragma once

#include "vz/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace vz::checkpoint {

struct GroupFile {
    std::string name; // "" for the folder itself
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint32_t mode = 0;
    bool operator==(const GroupFile&) const = default;
};

struct Group {
    std::string path;                     // below the container's group; "." is that itself
    std::vector<std::string> controllers; // on for its children
    std::vector<GroupFile> files;         // with an owner or a mode that are not usual
    std::vector<std::pair<std::string, std::string>> limits; // "memory.high", "1048576"
    bool operator==(const Group&) const = default;
};
using GroupTree = std::vector<Group>; // parents first

std::string to_text(const GroupTree& tree);
Result<GroupTree> parse_group_tree(std::string_view text); // Errc::restore

// `group`: folder of the container's group.
Result<GroupTree> read_groups(const std::string& group);

// Makes what is missing, with owners, limits and controllers; what the kernel refuses is passed over. The
// limits of the container's own group only if `with_own`: they are ours to set.
Result<void> write_groups(const std::string& group, const GroupTree& tree, bool with_own);

// Removes a group and those below; false if processes are in it.
bool remove_groups(const std::string& group);

// All processes in a group and those below.
std::vector<pid_t> processes_in(const std::string& group);

// Programs that watch the pressure on their memory have told the kernel at which, through the file they poll.
// CRIU opens the file again and knows nothing of that: poll(2) then reports an error for ever, and systemd
// would do nothing else. Tells the kernel again, through the very files.
void watch_pressure_again(const std::string& group);

} // namespace vz::checkpoint
