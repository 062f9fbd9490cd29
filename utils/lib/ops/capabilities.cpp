// SPDX-License-Identifier: GPL-2.0-or-later
#include "capabilities.hpp"

#include "switches.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace vz::ops {

namespace {

// capabilities(7), by number.
constexpr std::array<std::string_view, 41> k_names = {"chown",
                                                      "dac_override",
                                                      "dac_read_search",
                                                      "fowner",
                                                      "fsetid",
                                                      "kill",
                                                      "setgid",
                                                      "setuid",
                                                      "setpcap",
                                                      "linux_immutable",
                                                      "net_bind_service",
                                                      "net_broadcast",
                                                      "net_admin",
                                                      "net_raw",
                                                      "ipc_lock",
                                                      "ipc_owner",
                                                      "sys_module",
                                                      "sys_rawio",
                                                      "sys_chroot",
                                                      "sys_ptrace",
                                                      "sys_pacct",
                                                      "sys_admin",
                                                      "sys_boot",
                                                      "sys_nice",
                                                      "sys_resource",
                                                      "sys_time",
                                                      "sys_tty_config",
                                                      "mknod",
                                                      "lease",
                                                      "audit_write",
                                                      "audit_control",
                                                      "setfcap",
                                                      "mac_override",
                                                      "mac_admin",
                                                      "syslog",
                                                      "wake_alarm",
                                                      "block_suspend",
                                                      "audit_read",
                                                      "perfmon",
                                                      "bpf",
                                                      "checkpoint_restore"};

constexpr std::array<std::string_view, 5> k_never = {"mac_admin", "mac_override", "sys_module", "sys_rawio",
                                                     "sys_time"};

bool is_known(std::string_view name) {
    return std::find(k_names.begin(), k_names.end(), name) != k_names.end();
}

} // namespace

Result<std::string> capability_words(std::string_view text) {
    return switch_words(text, [](std::string& name) {
        name = text::lower(name);
        if (name.rfind("cap_", 0) == 0)
            name.erase(0, 4);
        return is_known(name) || name == "ve_admin";
    });
}

std::vector<std::string> dropped_capabilities(std::string_view value) {
    std::set<std::string> dropped(k_never.begin(), k_never.end());
    for (const auto& [name, on] : parse_switches(value)) {
        if (on)
            dropped.erase(name);
        else if (is_known(name))
            dropped.insert(name);
    }
    return {dropped.begin(), dropped.end()};
}

Result<void> check_capabilities(std::string_view value, unsigned last) {
    for (const auto& [name, on] : parse_switches(value)) {
        const auto found = std::find(k_names.begin(), k_names.end(), name);
        if (on && found != k_names.end() && found - k_names.begin() > static_cast<long>(last))
            return fail(Errc::capability, "this kernel has no capability {}", name);
    }
    return {};
}

unsigned last_capability() {
    const auto last = sys::read_kernel_file("/proc/sys/kernel/cap_last_cap");
    return static_cast<unsigned>(text::to_uint(text::trim(last.value_or(""))).value_or(k_names.size() - 1));
}

} // namespace vz::ops
