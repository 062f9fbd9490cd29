// SPDX-License-Identifier: GPL-2.0-or-later
#include "clone_conf.hpp"

#include "vz/base/text.hpp"

#include <array>
#include <string>
#include <vector>

namespace vz::ops {

namespace {

// NETDEV: a device of the host can be in one container only.
constexpr std::array k_own{"NAME",      "HOSTNAME", "IP_ADDRESS", "VE_UUID", "LOCAL_UID",
                           "LOCAL_GID", "ONBOOT",   "BOOTORDER",  "NETDEV"};
constexpr std::array k_own_interface_fields{"mac", "host_mac", "host_ifname", "ip"};

bool is_libvirt_uuid(std::string_view line) {
    const auto trimmed = text::trim(line);
    return trimmed.compare(0, 7, "# UUID:") == 0;
}

std::string without_libvirt_uuid(const std::string& conf) {
    std::vector<std::string> kept;
    for (auto& line : text::split(conf, '\n'))
        if (!is_libvirt_uuid(line))
            kept.push_back(std::move(line));
    return text::join(kept, "\n");
}

bool is_own(std::string_view field) {
    for (const std::string_view name : k_own_interface_fields)
        if (field.substr(0, name.size() + 1) == std::string(name) + "=")
            return true;
    return false;
}

bool follows_ctid(const std::string& path) {
    return path.find("$VEID") != std::string::npos || path.find("${VEID}") != std::string::npos;
}

} // namespace

// NETIF: "ifname=eth0,mac=…,bridge=br0;ifname=…"; MAC addresses and names follow from the CTID where there
// are none.
std::string without_addresses(const std::string& netif) {
    std::vector<std::string> interfaces;
    for (const auto& interface : text::split(netif, ';')) {
        std::vector<std::string> fields;
        for (auto& field : text::split(interface, ','))
            if (!is_own(field))
                fields.push_back(std::move(field));
        interfaces.push_back(text::join(fields, ","));
    }
    return text::join(interfaces, ";");
}

Result<config::ConfFile> conf_for_clone(const config::ConfFile& source) {
    VZ_ASSIGN(auto conf, config::ConfFile::parse(without_libvirt_uuid(source.text())));
    for (const char* key : k_own)
        conf.erase(key);
    for (const char* key : {"VE_ROOT", "VE_PRIVATE"})
        if (const auto path = conf.get(key); path && !follows_ctid(*path))
            conf.erase(key);
    if (const auto netif = conf.get("NETIF"))
        VZ_TRY(conf.set("NETIF", without_addresses(*netif)));
    return conf;
}

} // namespace vz::ops
