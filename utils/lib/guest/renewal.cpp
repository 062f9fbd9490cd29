// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/guest/renewal.hpp"

#include "vz/base/text.hpp"

#include <array>
#include <sys/stat.h>
#include <utility>

namespace vz::guest {

namespace {

constexpr std::array k_files{
    "var/lib/dbus/machine-id",
    "var/lib/systemd/random-seed",
    "var/lib/systemd/credential.secret",
};

constexpr std::array k_patterns{
    // folder, pattern
    std::pair{"etc/ssh", "ssh_host_*_key*"}, std::pair{"var/lib/dhcp", "*.lease*"},
    std::pair{"var/lib/systemd/network", "*"}, // leases, and identifiers derived from the machine id
};

constexpr std::string_view k_ssh_unit = R"([Unit]
Description=SSH host keys of this container's own
ConditionPathExists=|!/etc/ssh/ssh_host_rsa_key
ConditionPathExists=|!/etc/ssh/ssh_host_ed25519_key
Before=ssh.service ssh.socket

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A

[Install]
WantedBy=multi-user.target
)";

Result<void> remove_matching(const sys::Dir& root, const std::string& folder, const std::string& pattern) {
    VZ_ASSIGN(const auto st, root.stat(folder));
    if (!st || !S_ISDIR(st->st_mode))
        return {};
    VZ_ASSIGN(const auto names, root.list(folder));
    for (const auto& name : names)
        if (text::matches_glob(pattern, name))
            VZ_TRY(root.remove_tree(folder + "/" + name));
    return {};
}

// A folder or a device in its place is the container's own doing, and no machine id.
Result<bool> may_be_replaced(const sys::Dir& root, std::string_view path) {
    VZ_ASSIGN(const auto st, root.stat(path));
    return !st || !S_ISDIR(st->st_mode);
}

} // namespace

Result<void> forget_identity(const sys::Dir& root) {
    for (const char* path : k_files) {
        VZ_ASSIGN(const bool removable, may_be_replaced(root, path));
        if (removable)
            VZ_TRY(root.remove(path));
    }
    for (const auto& [folder, pattern] : k_patterns)
        VZ_TRY(remove_matching(root, folder, pattern));
    VZ_ASSIGN(const auto etc, root.stat_following("etc"));
    VZ_ASSIGN(const bool replaceable, may_be_replaced(root, "etc/machine-id"));
    if (!etc || !S_ISDIR(etc->st_mode) || !replaceable)
        return {};
    // Empty, not absent: systemd then makes an id, but does not take the first boot for that of a new
    // machine.
    return root.write_file("etc/machine-id", "", 0444);
}

Result<void> make_ssh_keys_at_boot(const sys::Dir& root) {
    VZ_ASSIGN(const auto keygen, root.stat_following("usr/bin/ssh-keygen"));
    VZ_ASSIGN(const auto sshd, root.stat_following("usr/sbin/sshd"));
    VZ_ASSIGN(const auto units, root.stat_following("etc/systemd/system"));
    if (!keygen || !sshd || !units || !S_ISDIR(units->st_mode))
        return {};
    VZ_TRY(root.make_dirs("etc/systemd/system/multi-user.target.wants"));
    VZ_TRY(root.write_file("etc/systemd/system/ssh-host-keys.service", k_ssh_unit));
    const std::string wanted = "etc/systemd/system/multi-user.target.wants/ssh-host-keys.service";
    VZ_TRY(root.remove(wanted));
    return root.make_symlink("/etc/systemd/system/ssh-host-keys.service", wanted);
}

} // namespace vz::guest
