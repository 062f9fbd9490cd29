// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/kernel/facts.hpp"

#include "modules.hpp"
#include "trials.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>
#include <sys/utsname.h>
#include <unistd.h>

namespace vz::kernel {

namespace {

std::string kernel_text(const std::string& path) {
    return std::string(text::trim(sys::read_kernel_file(path).value_or("")));
}

std::uint64_t kernel_number(const std::string& path) {
    return text::to_uint(kernel_text(path)).value_or(0);
}

std::string kernel_release() {
    utsname name{};
    return ::uname(&name) == 0 ? name.release : "";
}

std::set<std::string> own_namespaces() {
    const auto dir = sys::Dir::open("/proc/self/ns");
    if (!dir)
        return {};
    const auto names = dir->list().value_or({});
    return {names.begin(), names.end()};
}

bool knows_file_system(std::string_view name) {
    const auto known = text::words(kernel_text("/proc/filesystems"));
    return std::find(known.begin(), known.end(), name) != known.end();
}

// Looking is enough where it gives an answer; a trial would load the module.
Presence module_or(const char* module, Presence (*trial)()) {
    const auto presence = module_presence(module);
    return presence == Presence::unknown ? trial() : presence;
}

Presence overlay() {
    if (knows_file_system("overlay"))
        return Presence::there;
    return module_presence("overlay") == Presence::loadable ? Presence::loadable : Presence::absent;
}

struct Mount {
    std::string point;
    std::string type;
    std::vector<std::string> options; // of the file system
};

// A line of mountinfo: "36 35 98:0 /root /point opts optional… - type source super-opts".
Mount parse_mount(std::string_view line) {
    const auto fields = text::words(line);
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (fields.size() < 5 || fields.end() - dash < 4)
        return {};
    return {fields[4], dash[1], text::split(dash[3], ',')};
}

bool is_controller(const std::string& option) {
    static const std::set<std::string> k_known{"blkio",   "cpu",    "cpuset", "devices",
                                               "freezer", "memory", "pids"};
    return k_known.contains(option);
}

} // namespace

std::string unified_mount(std::string_view mountinfo) {
    for (const auto& line : text::split(mountinfo, '\n'))
        if (const auto mount = parse_mount(line); mount.type == "cgroup2")
            return mount.point;
    return "";
}

Cgroups parse_cgroups(std::string_view mountinfo, std::string_view controllers) {
    Cgroups out;
    for (const auto& name : text::words(controllers))
        out.controllers.insert(name);
    for (const auto& line : text::split(mountinfo, '\n')) {
        const auto mount = parse_mount(line);
        out.unified |= mount.type == "cgroup2";
        if (mount.type != "cgroup")
            continue;
        for (const auto& option : mount.options)
            if (is_controller(option)) {
                out.legacy = true;
                out.controllers.insert(option == "blkio" ? "io" : option); // version 2 calls it io
            }
    }
    return out;
}

Facts gather_facts() {
    const auto mountinfo = kernel_text("/proc/self/mountinfo");
    Facts facts;
    facts.release = kernel_release();
    facts.root = ::geteuid() == 0;
    facts.namespaces = own_namespaces();
    facts.user_namespaces = kernel_number("/proc/sys/user/max_user_namespaces");
    facts.inotify_instances = kernel_number("/proc/sys/fs/inotify/max_user_instances");
    facts.cgroups = parse_cgroups(mountinfo, kernel_text(unified_mount(mountinfo) + "/cgroup.controllers"));
    facts.overlay = overlay();
    facts.veth = module_or("veth", try_veth);
    facts.nftables = module_or("nf_tables", try_nftables);
    facts.mapped_mounts = try_mapped_mounts();
    facts.seccomp = sys::exists("/proc/sys/kernel/seccomp/actions_avail");
    facts.apparmor = kernel_text("/sys/module/apparmor/parameters/enabled") == "Y";
    return facts;
}

} // namespace vz::kernel
