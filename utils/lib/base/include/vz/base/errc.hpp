// SPDX-License-Identifier: GPL-2.0-or-later
// The one table of failure kinds. Each kind is the exit code that the classic vz tools documented for it, so
// a kind can leave a tool as its exit status without a second table. Codes are interface: never reused.
#pragma once

#include <span>
#include <string_view>

namespace vz {

enum class Errc : int {
    ok = 0,
    failed = 1,            // generic failure of a tool that is not vzctl; vzctl: setting limits failed
    usage = 2,             // wrong usage of a tool that is not vzctl (vzctl: bad_syntax)
    scheduler = 2,         // vzctl: the share or limit of CPU time could not be set
    system = 3,            // a system call failed; some of several ids failed (tools other than vzctl)
    kernel_unsuitable = 5, // the running kernel or liblxc lacks something needed
    no_resources = 6,
    environment = 7,    // the container's environment could not be created
    command_failed = 8, // the command run by `vzctl exec` failed
    locked = 9,
    no_global_config = 10,
    no_script = 11,
    no_permission = 12,
    capability = 13,
    no_container_config = 14,
    checkpoint = 16,
    restore = 17,
    bad_syntax = 20,
    bad_value = 21, // also: bad container id or name
    no_ve_root = 22,
    no_ve_private = 23,
    no_template_dir = 24,
    too_few_parameters = 27,
    limits_missing = 28,
    no_template_name = 29,
    not_running = 31,
    running = 32,
    stop_failed = 33,
    add_ip = 34,
    not_mounted = 40,
    mounted = 41,
    no_private = 43,
    private_exists = 44,
    no_disk_space = 46,
    bad_template = 47,
    create_private = 48,
    create_mount_point = 49,
    mount = 50,
    umount = 51,
    delete_private = 52,
    unknown_mount_type = 53,
    create_dir = 54,
    quota_on = 60,
    quota_init = 61,
    quota_set = 62,
    no_disk_limit = 63,  // DISKSPACE is not set
    no_inode_limit = 64, // DISKINODES is not set
    quota_off = 66,
    hostname = 70,
    ip = 71,
    dns = 72,
    search_domain = 73,
    password = 74,
    lock_dir = 77,
    ip_in_use = 78,
    action_script = 79,
    config_copy = 82,
    bad_config = 85,
    devices = 86,
    ip_not_available = 89,
    template_not_found = 91,
    net_device = 104,
    start_disabled = 105,
    apply_config = 109,
    meminfo = 129,
    veth = 130,
    name = 131,
    wait_failed = 133,
    save_config = 139,
    io_limit = 148,
    resize = 154,
    convert = 155,
    snapshot_create = 156,
    snapshot_delete = 158,
    snapshot_switch = 159,
    snapshot_mount = 160,
    snapshot_umount = 161,
    snapshot_list = 167,
    internal = 255, // a bug, or no memory
};

struct ErrcInfo {
    Errc code;
    std::string_view meaning;
};

// Every code with a short meaning, in ascending order; the source of the EXIT STATUS sections.
std::span<const ErrcInfo> errc_table();

inline int exit_code(Errc code) {
    return static_cast<int>(code);
}

} // namespace vz
