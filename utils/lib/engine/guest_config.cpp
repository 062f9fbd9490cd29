// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/engine/guest_config.hpp"

#include "vz/base/text.hpp"

namespace vz::engine {

namespace {

// What a container may do with devices: make any node (it cannot open it), open the harmless ones.
constexpr const char* k_devices[] = {
    "c *:* m",   "b *:* m",   "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm",   "c 1:8 rwm",
    "c 1:9 rwm", "c 5:0 rwm", "c 5:1 rwm", "c 5:2 rwm", "c 136:* rwm", "c 10:229 rwm",
};

class Lines {
public:
    void add(std::string_view key, std::string_view value) {
        m_bad = m_bad || text::has_control(value);
        m_text += format("{} = {}\n", key, value);
    }
    Result<std::string> take() {
        if (m_bad)
            return fail(Errc::bad_value, "a configuration value holds a control character");
        return std::move(m_text);
    }

private:
    std::string m_text;
    bool m_bad = false;
};

void add_system(Lines& lines, const GuestConfig& guest) {
    lines.add("lxc.rootfs.path", "dir:" + guest.root);
    lines.add("lxc.uts.name", guest.hostname);
    lines.add("lxc.arch", guest.is_32bit ? "linux32" : "linux64");
    lines.add("lxc.idmap", format("u 0 {} {}", guest.ids.uid_base, guest.ids.count));
    lines.add("lxc.idmap", format("g 0 {} {}", guest.ids.gid_base, guest.ids.count));
    lines.add("lxc.mount.auto", "proc:rw sys:mixed");
    lines.add("lxc.autodev", "1");
    lines.add("lxc.pty.max", "1024");
    // Terminals held by the monitor would make every checkpoint fail; enter uses its own.
    lines.add("lxc.tty.max", guest.console ? "4" : "0");
    if (!guest.console)
        lines.add("lxc.console.path", "none");
}

// A folder of ours above all containers' groups: where a child has a controller switched on, systemd, which
// knows nothing of it, cannot switch it off.
constexpr const char* k_cgroup_folder = "vz";

void add_rights(Lines& lines, const GuestConfig& guest) {
    if (guest.group.empty()) {
        lines.add("lxc.cgroup.dir", k_cgroup_folder);
    } else {
        lines.add("lxc.cgroup.dir.container", guest.group.substr(1));
        lines.add("lxc.cgroup.dir.monitor", format("{}/lxc.monitor.{}", k_cgroup_folder, guest.ctid));
    }
    if (!guest.dropped_capabilities.empty())
        lines.add("lxc.cap.drop", text::join(guest.dropped_capabilities, " "));
    lines.add("lxc.apparmor.profile", guest.apparmor_profile.empty() ? "unconfined" : guest.apparmor_profile);
    if (!guest.seccomp_profile.empty())
        lines.add("lxc.seccomp.profile", guest.seccomp_profile);
    for (const char* prefix : {"lxc.cgroup2", "lxc.cgroup"}) {
        if (prefix == std::string_view("lxc.cgroup") && !guest.cgroup_v1)
            continue;
        lines.add(format("{}.devices.deny", prefix), "a");
        for (const char* rule : k_devices)
            lines.add(format("{}.devices.allow", prefix), rule);
        for (const auto& rule : guest.device_rules)
            lines.add(format("{}.devices.allow", prefix), rule);
    }
}

void add_binds(Lines& lines, const GuestConfig& guest) {
    for (const auto& bind : guest.binds)
        lines.add("lxc.mount.entry", format("{} {} none bind,optional 0 0", bind.source, bind.target));
}

void add_network(Lines& lines, const GuestConfig& guest) {
    if (guest.host_device.empty()) {
        lines.add("lxc.net.0.type", "empty");
        return;
    }
    lines.add("lxc.net.0.type", "veth");
    lines.add("lxc.net.0.veth.pair", guest.host_device);
    lines.add("lxc.net.0.name", "venet0");
    lines.add("lxc.net.0.hwaddr", guest.guest_mac);
    lines.add("lxc.net.0.flags", "up");
}

} // namespace

Result<std::string> lxc_config(const GuestConfig& guest) {
    Lines lines;
    add_system(lines, guest);
    add_rights(lines, guest);
    add_binds(lines, guest);
    add_network(lines, guest);
    lines.add("lxc.hook.version", "1");
    lines.add("lxc.hook.start-host", format("{} start-host {}", guest.hook_program, guest.ctid));
    lines.add("lxc.hook.stop", format("{} stop {}", guest.hook_program, guest.ctid));
    lines.add("lxc.hook.post-stop", format("{} post-stop {}", guest.hook_program, guest.ctid));
    lines.add("lxc.log.file", guest.log_file);
    lines.add("lxc.log.level", guest.log_ends ? "INFO" : "WARN");
    return lines.take();
}

std::vector<std::string> usual_device_rules() {
    return {std::begin(k_devices), std::end(k_devices)};
}

std::string lxc_group(const std::string& name) {
    return format("/{}/lxc.payload.{}", k_cgroup_folder, name);
}

std::string lxc_name(std::uint32_t ctid, const std::string& uuid) {
    return uuid.empty() ? format("ve{}", ctid) : "ve-" + uuid;
}

std::string lxc_lock_file(const std::string& lxc_dir, const std::string& name) {
    return format("/run/lxc/lock{}/.{}", lxc_dir, name);
}

} // namespace vz::engine
