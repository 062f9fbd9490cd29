// SPDX-License-Identifier: GPL-2.0-or-later
// What the running kernel offers, found by looking and by harmless trials in namespaces of our own. No module
// is loaded by looking.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace vz::kernel {

// How a part of the kernel that may be a module is there.
enum class Presence { there, loadable, absent, unknown };

struct Cgroups {
    bool unified = false;              // a cgroup2 file system is mounted
    bool legacy = false;               // controllers are mounted as version 1
    std::set<std::string> controllers; // of either version
};

struct Facts {
    std::string release;                 // uname -r
    bool root = false;                   // some trials need it
    std::set<std::string> namespaces;    // names in /proc/self/ns
    std::uint64_t user_namespaces = 0;   // how many may be made
    std::uint64_t inotify_instances = 0; // for each user
    Cgroups cgroups;
    Presence overlay = Presence::unknown;
    Presence veth = Presence::unknown;
    Presence nftables = Presence::unknown;
    Presence mapped_mounts = Presence::unknown;
    bool seccomp = false;
    bool apparmor = false;
};

Facts gather_facts();

// The hierarchies in the text of /proc/self/mountinfo (proc(5)); `controllers` is cgroup.controllers of the
// unified one, "" if there is none.
Cgroups parse_cgroups(std::string_view mountinfo, std::string_view controllers);

// Where the cgroup2 file system is mounted, "" if nowhere.
std::string unified_mount(std::string_view mountinfo);

} // namespace vz::kernel
