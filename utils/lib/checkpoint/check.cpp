// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/checkpoint/check.hpp"

#include "vz/base/text.hpp"

#include <algorithm>
#include <array>
#include <netinet/in.h>
#include <string_view>
#include <sys/socket.h>

namespace vz::checkpoint {

namespace {

struct Hint {
    std::string_view start; // of what readlink(2) shows
    std::string_view what;
    std::string_view remedy;
};

// Kinds of descriptors that CRIU has no way to make again.
constexpr std::array k_unknown = std::to_array<Hint>({
    {"anon_inode:[io_uring]", "uses io_uring", "end the program, or tell it to do without (io_uring=no)"},
    {"anon_inode:bpf", "has a BPF program or map", "end the program"},
    {"anon_inode:[perf_event]", "counts events of the processor (perf)", "end the program"},
    {"anon_inode:[userfaultfd]", "handles page faults itself (userfaultfd)", "end the program"},
    {"anon_inode:[secretmem]", "has secret memory (memfd_secret)", "end the program"},
    {"/secretmem", "has secret memory (memfd_secret)", "end the program"},
    {"anon_inode:kvm", "runs a virtual machine", "end the program"},
    {"anon_inode:[landlock-ruleset]", "is making a Landlock rule set", "wait until it has done that"},
    {"anon_inode:seccomp", "supervises the system calls of others", "end the program"},
    {"anon_inode:[fscontext]", "is making a mount", "wait until it has done that"},
    {"/dmabuf:", "shares memory with a device", "end the program"},
});

constexpr std::array<std::string_view, 8> k_known_anonymous = {
    "[eventfd]", "[eventpoll]", "inotify", "[fanotify]", "[signalfd]", "[timerfd]", "[pidfd]", "[eventpoll",
};

constexpr std::array<std::string_view, 5> k_no_nesting = {"uts", "ipc", "user", "pid", "time"};

bool starts_with(std::string_view text, std::string_view start) {
    return text.substr(0, start.size()) == start;
}

Obstacle about(const Process& process, std::string what, std::string remedy) {
    return {process.inside, process.command, std::nullopt, std::move(what), std::move(remedy)};
}

Obstacle about(const Process& process, const OpenFile& file, std::string_view what, std::string_view remedy) {
    return {process.inside, process.command, file.number, std::string(what), std::string(remedy)};
}

std::optional<Obstacle> judge_anonymous(const Process& process, const OpenFile& file) {
    for (const auto& hint : k_unknown)
        if (starts_with(file.target, hint.start))
            return about(process, file, hint.what, hint.remedy);
    constexpr std::string_view k_anonymous = "anon_inode:";
    if (!starts_with(file.target, k_anonymous))
        return std::nullopt;
    const auto kind = std::string_view(file.target).substr(k_anonymous.size());
    for (const auto known : k_known_anonymous)
        if (starts_with(kind, known))
            return std::nullopt;
    return about(process, file, format("has a descriptor of an unknown kind ({})", text::printable(kind)),
                 "end the program");
}

std::string family_name(int family) {
    switch (family) {
    case AF_VSOCK:
        return "a socket to the host of the virtual machine (AF_VSOCK)";
    case AF_ALG:
        return "a socket to the kernel's cryptography (AF_ALG)";
    case AF_BLUETOOTH:
        return "a Bluetooth socket";
    case AF_CAN:
        return "a CAN bus socket";
    case AF_TIPC:
        return "a TIPC socket";
    case AF_XDP:
        return "a fast packet socket (AF_XDP)";
    default:
        return format("a socket of family {}", family);
    }
}

std::optional<Obstacle> judge_socket(const Process& process, const OpenFile& file) {
    if (!file.family)
        return std::nullopt;
    if (*file.family == AF_UNIX || *file.family == AF_PACKET || *file.family == AF_NETLINK)
        return std::nullopt;
    if (*file.family != AF_INET && *file.family != AF_INET6)
        return about(process, file, "has " + family_name(*file.family), "end the program");
    if (file.type == SOCK_RAW)
        return std::nullopt;
    constexpr std::array k_protocols = {int(IPPROTO_IP), int(IPPROTO_TCP), int(IPPROTO_UDP),
                                        int(IPPROTO_UDPLITE)};
    const int protocol = file.protocol.value_or(IPPROTO_IP);
    if (std::find(k_protocols.begin(), k_protocols.end(), protocol) != k_protocols.end())
        return std::nullopt;
    const auto* name = protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6 ? "ICMP (ping)"
                       : protocol == IPPROTO_SCTP                             ? "SCTP"
                       : protocol == IPPROTO_MPTCP                            ? "multipath TCP"
                       : protocol == IPPROTO_DCCP                             ? "DCCP"
                                                                              : "another protocol";
    return about(process, file, format("has a socket for {}", name), "end the program");
}

// Majors and minors: Documentation/admin-guide/devices.txt of the kernel.
std::optional<Obstacle> judge_device(const Process& process, const OpenFile& file) {
    if (file.device.empty())
        return std::nullopt;
    const auto& device = file.device;
    constexpr std::array<std::string_view, 8> k_memory = {"c 1:3", "c 1:5", "c 1:7",    "c 1:8",
                                                          "c 1:9", "c 5:0", "c 10:200", "c 1:11"};
    if (std::find(k_memory.begin(), k_memory.end(), device) != k_memory.end())
        return std::nullopt;
    for (const std::string_view terminals : {"c 5:", "c 4:", "c 136:", "c 137:", "c 138:", "c 139:"})
        if (starts_with(device, terminals))
            return std::nullopt;
    if (device == "c 10:229")
        return about(process, file, "serves a FUSE file system", "unmount it");
    return about(process, file, format("has the device {} ({}) open", text::printable(file.target), device),
                 "end the program");
}

std::optional<Obstacle> judge_namespaces(const Process& process, const Process& init) {
    for (const auto kind : k_no_nesting) {
        const auto own = process.namespaces.find(std::string(kind));
        const auto of_init = init.namespaces.find(std::string(kind));
        if (own == process.namespaces.end() || of_init == init.namespaces.end() ||
            own->second == of_init->second)
            continue;
        // Of the containers that run since before this was refused, and of those with CHECKPOINT="no".
        const auto* remedy = kind == "uts" ? "restart the container, with --checkpoint yes"
                                           : "end the sandbox or the container inside that it belongs to";
        return about(process, format("has a namespace of its own ({})", kind), remedy);
    }
    return std::nullopt;
}

void judge_process(const Process& process, const Process& init, std::vector<Obstacle>& out) {
    if (process.entered) {
        out.push_back(about(process, "was started from the host (vzctl exec, enter, runscript)",
                            "wait for its end, or end it"));
        return;
    }
    if (process.tracer != 0)
        out.push_back(about(process, "is being debugged or traced", "end the debugger"));
    if (auto nested = judge_namespaces(process, init))
        out.push_back(*std::move(nested));
    for (const auto& file : process.files)
        for (auto judged :
             {judge_anonymous(process, file), judge_socket(process, file), judge_device(process, file)})
            if (judged)
                out.push_back(*std::move(judged));
}

// What CRIU mounts anew or finds with its contents on the disk.
constexpr std::array<std::string_view, 26> k_file_systems = {
    "proc",    "sysfs",   "tmpfs",      "devtmpfs", "devpts",    "mqueue", "cgroup", "cgroup2",  "overlay",
    "ext2",    "ext3",    "ext4",       "xfs",      "btrfs",     "f2fs",   "zfs",    "autofs",   "pstore",
    "fusectl", "debugfs", "securityfs", "tracefs",  "hugetlbfs", "bpf",    "vfat",   "squashfs",
};

bool is_from_host(const Mounted& mount, const std::vector<std::string>& from_host) {
    return std::find(from_host.begin(), from_host.end(), mount.target) != from_host.end();
}

void judge_mounts(const std::vector<Mounted>& mounts, const std::vector<std::string>& from_host,
                  const Process& shown_by, bool is_init, std::vector<Obstacle>& out) {
    for (const auto& mount : mounts) {
        const bool known =
            std::find(k_file_systems.begin(), k_file_systems.end(), mount.type) != k_file_systems.end();
        if (known || is_left_out(mount) || is_from_host(mount, from_host))
            continue;
        Obstacle obstacle;
        if (!is_init) {
            obstacle.inside = shown_by.inside;
            obstacle.command = shown_by.command;
        }
        obstacle.what = format("file system {} is mounted on {}", text::printable(mount.type),
                               text::printable(mount.target));
        obstacle.remedy = "unmount it";
        out.push_back(std::move(obstacle));
    }
}

} // namespace

std::string obstacle_text(const Obstacle& obstacle) {
    std::string who = obstacle.inside
                          ? format("process {} ({})", *obstacle.inside, text::printable(obstacle.command))
                          : std::string();
    if (obstacle.file)
        who += format(", file {}", *obstacle.file);
    return (who.empty() ? "" : who + ": ") + obstacle.what +
           (obstacle.remedy.empty() ? "" : "; " + obstacle.remedy);
}

bool is_left_out(const Mounted& mount) {
    constexpr std::array<std::string_view, 5> k_views = {"configfs", "debugfs", "securityfs", "fusectl",
                                                         "tracefs"};
    if (std::find(k_views.begin(), k_views.end(), mount.type) != k_views.end())
        return true;
    return mount.type == "ramfs" && starts_with(mount.target, "/run/credentials/");
}

std::vector<Obstacle> judge(const Survey& survey, const std::vector<std::string>& from_host) {
    std::vector<Obstacle> out;
    if (survey.processes.empty())
        return out;
    const auto& init = survey.processes.front();
    for (const auto& process : survey.processes)
        judge_process(process, init, out);
    const auto init_mounts = init.namespaces.find("mnt");
    for (const auto& [name, mounts] : survey.mounts) {
        const auto shown = survey.shown_by.find(name);
        const auto who =
            std::find_if(survey.processes.begin(), survey.processes.end(), [&](const Process& process) {
                return shown != survey.shown_by.end() && process.pid == shown->second;
            });
        const bool is_init = init_mounts != init.namespaces.end() && init_mounts->second == name;
        // Who came in from the host is told already, and sees what its command made.
        if (who == survey.processes.end() || who->entered)
            continue;
        judge_mounts(mounts, from_host, *who, is_init, out);
    }
    return out;
}

} // namespace vz::checkpoint
