// SPDX-License-Identifier: GPL-2.0-or-later
// Devices of the host in a container: the right to open one, and the node to open.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/userns.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace vz::limits {

// One entry of DEVICES, "c:10:200:rw"; a minor number "all" (or "*") stands for all devices of the driver.
// A "q" among the rights is accepted: it was for disk quotas, which have no devices today.
struct DeviceRule {
    char type = 'c'; // or 'b'
    std::uint32_t major = 0;
    std::optional<std::uint32_t> minor;
    bool read = false;
    bool write = false;

    bool operator==(const DeviceRule&) const = default;
    bool same_device(const DeviceRule& other) const {
        return type == other.type && major == other.major && minor == other.minor;
    }
    bool grants() const { return read || write; }
    std::string text() const;          // "c:10:200:rw", "c:10:200:none"
    std::string control_group() const; // "c 10:200 rw", as cgroup-v1/devices.rst has it; all rights if none
};

// Errc::bad_value; also for loop devices, through which a container could reach any file of the host.
Result<DeviceRule> parse_device_rule(std::string_view text);

// "r", "w", "rw", with or without "q", or "none".
struct Rights {
    bool read = false;
    bool write = false;
};
Result<Rights> parse_rights(std::string_view text);

// A node below /dev of the container, owned by the container's root.
struct DeviceNode {
    std::string name; // "net/tun"
    char type = 'c';
    dev_t number = 0;
    unsigned mode = 0600;
};

// Makes the node in a running container, or in one that is about to run, and does nothing if it is there. It
// comes from a file system of its own: the container's /dev may hold no devices that work. Whatever the
// container has put in the way, only its own rights are used inside. Errc::devices.
Result<void> provide_node(pid_t init, const sys::IdRange& ids, const DeviceNode& node);
Result<void> remove_node(pid_t init, const std::string& name); // absent is fine

// A name below /dev: no "..", no blank, no control character.
bool is_device_name(std::string_view name);

// The host's own device of that name. Errc::devices if there is none.
Result<DeviceNode> host_device(const std::string& name);

// The kernel's name for a device ("net/tun" for c 10:200), also for one whose module is loaded when somebody
// opens it; nothing if it does not know the device.
std::optional<std::string> device_name(char type, std::uint32_t major, std::uint32_t minor);
// The same from a list of such devices, modules.devname of depmod(8): "tun net/tun c10:200".
std::optional<std::string> static_device_name(std::string_view list, char type, std::uint32_t major,
                                              std::uint32_t minor);

} // namespace vz::limits
