// SPDX-License-Identifier: GPL-2.0-or-later
#include "checkpoint_check.hpp"

#include "vz/base/text.hpp"
#include "vz/checkpoint/criu.hpp"
#include "vz/config/registry.hpp"
#include "vz/ops/checkpoint.hpp"

namespace vz::ops {

namespace {

void add(std::vector<checkpoint::Obstacle>& obstacles, std::string what, std::string remedy) {
    obstacles.push_back({std::nullopt, "", std::nullopt, std::move(what), std::move(remedy)});
}

// The container's own part of the path of a group. Its init may have moved on below it: systemd has a group
// for itself.
std::string own_group(const std::string& folder) {
    const auto start = folder.find("/lxc.payload.");
    return start == std::string::npos ? std::string() : folder.substr(0, folder.find('/', start + 1));
}

void judge_settings(const config::Container& container, std::vector<checkpoint::Obstacle>& obstacles) {
    if (container.is_yes("CONSOLE"))
        add(obstacles, "it was started with a console, which its monitor holds",
            "vzctl set --console no --save, and restart it");
    if (!container.get_own("NETDEV").empty())
        add(obstacles, "it has network devices of the host", "vzctl set --netdev_del all");
    if (!container.get_own("NETIF").empty())
        add(obstacles, "it has bridged interfaces",
            "vzctl set --netif_del all; addresses of --ipadd can go along");
    if (!container.get_or("BINDMOUNT", "").empty())
        add(obstacles, "folders of the host are mounted in it", "vzctl set --bindmount_del all");
    if (!container.get_own("DEVNODES").empty() || !container.get_own("FEATURES").empty())
        add(obstacles, "it has devices of the host (DEVNODES or FEATURES)", "take them away and restart it");
}

// Where its processes can be found, whatever version of control groups.
std::string folder_of_processes(const Runtime& runtime) {
    for (const auto& [controller, folder] : runtime.groups)
        if (const auto own = own_group(folder); !own.empty())
            return own;
    return {};
}

} // namespace

Result<std::string> group_of(const Runtime& runtime) {
    const auto unified = runtime.groups.find("");
    const auto own = unified == runtime.groups.end() ? std::string() : own_group(unified->second);
    if (own.empty() || runtime.groups.size() > 1)
        return fail(
            Errc::checkpoint,
            "this host has control groups of version 1: boot it without systemd.unified_cgroup_hierarchy=0");
    return own;
}

std::string below_hierarchy(const std::string& group) {
    constexpr std::string_view k_hierarchy = "/sys/fs/cgroup";
    return group.substr(0, k_hierarchy.size()) == k_hierarchy ? group.substr(k_hierarchy.size()) : group;
}

Result<Judged> judge_container(const config::Container& container, const Runtime& runtime) {
    Judged judged;
    VZ_ASSIGN(judged.survey, checkpoint::look_at(runtime.init, folder_of_processes(runtime)));
    for (const auto& mount : judged.survey.mounts[judged.survey.processes.front().namespaces["mnt"]])
        if (mount.type == "fuse.lxcfs")
            judged.from_host.push_back(mount.target);
    judged.obstacles = checkpoint::judge(judged.survey, judged.from_host);
    judge_settings(container, judged.obstacles);
    if (const auto group = group_of(runtime); !group)
        add(judged.obstacles, group.error().what, "");
    return judged;
}

Result<std::vector<std::string>> check_checkpoint(const Context& context, config::Ctid ctid) {
    VZ_ASSIGN(const auto container, config::load_container(context.host, ctid));
    const auto runtime = load_runtime(context.host.paths, ctid);
    if (!runtime)
        return fail(Errc::not_running, "Container is not running");
    std::vector<std::string> lines;
    if (const auto host = checkpoint::check_host(); !host)
        lines.push_back(host.error().what);
    VZ_ASSIGN(const auto judged, judge_container(container, *runtime));
    for (const auto& obstacle : judged.obstacles)
        lines.push_back(checkpoint::obstacle_text(obstacle));
    return lines;
}

} // namespace vz::ops
