// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/guest/interfaces.hpp"

#include <algorithm>

namespace vz::guest {

namespace {

constexpr std::string_view k_folder = "etc/systemd/network";
constexpr std::string_view k_prefix = "10-vz-";
constexpr std::string_view k_suffix = ".network";
constexpr std::string_view k_unit = "usr/lib/systemd/system/systemd-networkd.service";
constexpr std::string_view k_wants = "etc/systemd/system/multi-user.target.wants";

std::string file_of(const std::string& name) {
    return format("{}/{}{}{}", k_folder, k_prefix, name, k_suffix);
}

bool is_ours(std::string_view file) {
    return file.starts_with(k_prefix) && file.ends_with(k_suffix);
}

Result<void> remove_others(const sys::Dir& root, const std::vector<Interface>& interfaces) {
    VZ_ASSIGN(const auto files, root.list(k_folder));
    for (const auto& file : files) {
        const auto path = format("{}/{}", k_folder, file);
        const bool wanted =
            std::any_of(interfaces.begin(), interfaces.end(),
                        [&](const Interface& interface) { return file_of(interface.name) == path; });
        if (is_ours(file) && !wanted)
            VZ_TRY(root.remove(path));
    }
    return {};
}

Result<void> write(const sys::Dir& root, const Interface& interface) {
    const auto path = file_of(interface.name);
    const auto text = interface_text(interface);
    const auto now = root.read_file(path);
    if (now && *now == text)
        return {};
    return root.write_file(path, text);
}

Result<void> enable_networkd(const sys::Dir& root) {
    const auto link = format("{}/systemd-networkd.service", k_wants);
    VZ_ASSIGN(const auto unit, root.stat_following(k_unit));
    VZ_ASSIGN(const auto present, root.stat(link));
    if (!unit || present)
        return {};
    VZ_TRY(root.make_dirs(k_wants));
    return root.make_symlink("/" + std::string(k_unit), link);
}

Result<void> update(const sys::Dir& root, const std::vector<Interface>& interfaces) {
    VZ_ASSIGN(const auto folder, root.stat_following(k_folder));
    if (folder)
        VZ_TRY(remove_others(root, interfaces));
    if (interfaces.empty())
        return {};
    VZ_ASSIGN(const auto systemd, root.stat_following("etc/systemd"));
    if (!systemd)
        return {};
    VZ_TRY(root.make_dirs(k_folder));
    for (const auto& interface : interfaces) {
        VZ_TRY(write(root, interface));
        if (interface.configured == Configured::by_dhcp)
            VZ_TRY(enable_networkd(root));
    }
    return {};
}

} // namespace

std::string interface_text(const Interface& interface) {
    const std::string_view body = interface.configured == Configured::by_dhcp
                                      ? "[Network]\nDHCP=yes\n\n[DHCPv4]\nClientIdentifier=mac\n"
                                      : "[Link]\nUnmanaged=yes\n";
    return format(
        "# Written by the host (NETIF); changes are lost at the next start.\n[Match]\nName={}\n\n{}",
        interface.name, body);
}

Result<void> set_interfaces(const sys::Dir& root, const std::vector<Interface>& interfaces) {
    return update(root, interfaces).context("container's /etc/systemd/network").as(Errc::veth);
}

} // namespace vz::guest
