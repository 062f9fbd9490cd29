// SPDX-License-Identifier: GPL-2.0-or-later
// The keys DEVICES, DEVNODES and FEATURES together: which devices of the host a container has.
#pragma once

#include "vz/base/reporter.hpp"
#include "vz/config/container.hpp"
#include "vz/limits/devices.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vz::ops {

// What a user wrote, as it goes into NUM.conf. Errc::bad_value.
Result<std::string> device_words(std::string_view text);  // "c:10:200:rw"
Result<std::string> devnode_words(std::string_view text); // "net/tun:rw"

// `changes` put over `old`; "none" takes an entry away. Errc::bad_value.
Result<std::string> merge_devices(std::string_view old, std::string_view changes);
Result<std::string> merge_devnodes(std::string_view old, std::string_view changes);

struct DeviceGrant {
    limits::DeviceRule rule;
    std::optional<limits::DeviceNode> node; // if the kernel has a name for it
};

// All of a container's. What cannot be read, or does not exist on this host, is told to `out`.
std::vector<DeviceGrant> device_grants(const config::Container& container, Reporter& out);

// What is in `before` and not in `after`.
std::vector<DeviceGrant> revoked(const std::vector<DeviceGrant>& before,
                                 const std::vector<DeviceGrant>& after);

} // namespace vz::ops
