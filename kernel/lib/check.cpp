// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/kernel/check.hpp"

#include "vz/base/format.hpp"
#include "vz/base/text.hpp"

namespace vz::kernel {

namespace {

// Below this many a host with dozens of systemd guests sees "Too many open files" from inotify_init.
constexpr std::uint64_t k_enough_inotify = 1024;

Status status_of(bool there) {
    return there ? Status::ok : Status::missing;
}

Status status_of(Presence presence) {
    switch (presence) {
    case Presence::there:
        return Status::ok;
    case Presence::loadable:
        return Status::loadable;
    case Presence::absent:
        return Status::missing;
    case Presence::unknown:
        break;
    }
    return Status::unknown;
}

std::string absent_of(const std::set<std::string>& have, const std::vector<std::string>& wanted) {
    std::vector<std::string> absent;
    for (const auto& name : wanted)
        if (!have.contains(name))
            absent.push_back(name);
    return text::join(absent, " ");
}

Finding set_finding(std::string feature, Need need, const std::set<std::string>& have,
                    const std::vector<std::string>& wanted, std::string used_by, std::string advice) {
    const auto absent = absent_of(have, wanted);
    return {std::move(feature),        need,
            status_of(absent.empty()), absent.empty() ? text::join(wanted, " ") : "missing: " + absent,
            std::move(used_by),        std::move(advice)};
}

Finding hierarchy(const Cgroups& cgroups) {
    const char* kind = cgroups.unified ? (cgroups.legacy ? "hybrid" : "version 2")
                                       : (cgroups.legacy ? "version 1 only" : "none mounted");
    return {"cgroup hierarchy",
            Need::required,
            status_of(cgroups.unified || cgroups.legacy),
            kind,
            "every container",
            "mount -t cgroup2 cgroup2 /sys/fs/cgroup"};
}

Finding user_namespaces(std::uint64_t allowed) {
    return {"user namespaces allowed", Need::required,    status_of(allowed > 0),
            std::to_string(allowed),   "every container", "sysctl user.max_user_namespaces=15000"};
}

Finding inotify(std::uint64_t instances) {
    return {"inotify instances",
            Need::optional,
            instances >= k_enough_inotify ? Status::ok : Status::low,
            std::to_string(instances),
            "many systemd guests on one host",
            format("sysctl fs.inotify.max_user_instances={}", k_enough_inotify)};
}

Finding part(std::string feature, Need need, Presence presence, std::string used_by, std::string advice) {
    const auto status = status_of(presence);
    return {std::move(feature), need, status, std::string(status_name(status)), std::move(used_by),
            std::move(advice)};
}

} // namespace

std::vector<Finding> judge(const Facts& facts) {
    std::vector<Finding> out{
        set_finding("namespaces", Need::required, facts.namespaces,
                    {"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"}, "every container",
                    "boot a Debian kernel"),
        set_finding("time namespace", Need::optional, facts.namespaces, {"time"}, "live migration",
                    "boot a Debian kernel"),
        user_namespaces(facts.user_namespaces),
        hierarchy(facts.cgroups),
        set_finding("cgroup controllers", Need::optional, facts.cgroups.controllers,
                    {"cpu", "cpuset", "io", "memory", "pids"}, "limits of containers",
                    "remove cgroup_disable= from the kernel's command line"),
        part("id-mapped mounts", Need::required, facts.mapped_mounts, "every container",
             "keep containers on ext4, btrfs or xfs with kernel 5.19 or newer"),
        part("overlayfs", Need::optional, facts.overlay, "layout overlay",
             "boot a Debian kernel, or set VE_LAYOUT=\"dir\" in /etc/vz/vz.conf"),
        part("veth", Need::optional, facts.veth, "the network of containers", "boot a Debian kernel"),
        part("nftables", Need::optional, facts.nftables, "masquerading, anti-spoofing",
             "boot a Debian kernel"),
        part("seccomp", Need::optional, facts.seccomp ? Presence::there : Presence::absent,
             "refusing dangerous system calls", "boot a Debian kernel"),
        part("AppArmor", Need::optional, facts.apparmor ? Presence::there : Presence::absent,
             "a second fence around containers",
             "apt install apparmor, remove apparmor=0 from the command line"),
        inotify(facts.inotify_instances),
    };
    for (auto& finding : out)
        if (finding.status == Status::ok || finding.status == Status::loadable)
            finding.advice.clear();
        else if (finding.status == Status::unknown)
            finding.advice = "run as root to find out";
    return out;
}

Verdict verdict(const std::vector<Finding>& findings) {
    auto out = Verdict::suitable;
    for (const auto& finding : findings) {
        if (finding.status == Status::missing && finding.need == Need::required)
            return Verdict::unsuitable;
        if (finding.status == Status::missing || finding.status == Status::low)
            out = Verdict::limited;
    }
    return out;
}

std::string_view status_name(Status status) {
    switch (status) {
    case Status::ok:
        return "ok";
    case Status::loadable:
        return "module";
    case Status::low:
        return "low";
    case Status::missing:
        return "missing";
    case Status::unknown:
        break;
    }
    return "unknown";
}

std::string_view need_name(Need need) {
    return need == Need::required ? "required" : "optional";
}

std::string_view verdict_name(Verdict verdict) {
    switch (verdict) {
    case Verdict::suitable:
        return "suitable";
    case Verdict::limited:
        return "limited";
    case Verdict::unsuitable:
        break;
    }
    return "unsuitable";
}

} // namespace vz::kernel
