// SPDX-License-Identifier: GPL-2.0-or-later
// Whether a container can be checkpointed as it is now: what its processes hold is read from /proc without
// stopping them, and judged by what CRIU can dump (its sources, version 4.1). Reading and judging are apart.
#pragma once

#include "vz/base/result.hpp"

#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace vz::checkpoint {

// A descriptor of a process, as far as it matters.
struct OpenFile {
    int number = -1;
    std::string target; // as readlink(2) shows it: "/var/log/x", "anon_inode:[io_uring]", "socket:[7]"
    // Of sockets, socket(2): nothing where they could not be found out.
    std::optional<int> family;
    std::optional<int> type;
    std::optional<int> protocol;
    // Of device files: "c 10:229".
    std::string device;
};

struct Process {
    pid_t pid = 0;    // on the host
    pid_t inside = 0; // in the container
    std::string command;
    bool entered = false; // its parent is a process of the host
    pid_t tracer = 0;
    std::map<std::string, std::string> namespaces; // "uts" → "uts:[4026531838]"
    std::vector<OpenFile> files;
};

struct Mounted {
    std::string target;
    std::string type;
};

struct Survey {
    std::vector<Process> processes;                     // the init is the first
    std::map<std::string, std::vector<Mounted>> mounts; // of each mount namespace
    std::map<std::string, pid_t> shown_by;              // one process of each
};

// Why it cannot be checkpointed, in words for people.
struct Obstacle {
    std::optional<pid_t> inside; // the process, by its number in the container
    std::string command;
    std::optional<int> file; // its descriptor
    std::string what;
    std::string remedy;
};
std::string obstacle_text(const Obstacle& obstacle); // "process 12 (qemu), file 5: …; …"

// Pure. `from_host`: files of the host that show through as mounts of their own inside ("/proc/meminfo").
std::vector<Obstacle> judge(const Survey& survey, const std::vector<std::string>& from_host);

// The processes whose init is `init`, in the control group with folder `group` and those below. A process
// that ends meanwhile is left out. Errc::checkpoint.
Result<Survey> look_at(pid_t init, const std::string& group);

// The mounts in the text of /proc/PID/mountinfo; pure.
std::vector<Mounted> parse_mounts(const std::string& mountinfo);

// File systems that go away for a dump and are not missed: they only show the host's kernel, or hold what
// systemd gives its services at their start.
bool is_left_out(const Mounted& mount);

} // namespace vz::checkpoint
