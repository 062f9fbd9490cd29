// SPDX-License-Identifier: GPL-2.0-or-later
// Kernel switches of the host and of a container's device (ip-sysctl in the kernel's documentation).
#pragma once

#include "vz/base/result.hpp"

#include <set>
#include <string>

namespace vz::network {

bool host_has_ipv6();

enum class Ipv6 { no, yes };

// Forwarding on, where it is off. Uplinks that take router advertisements go on taking them.
Result<void> enable_forwarding(Ipv6 ipv6);

// `device` answers ARP for the gateway and takes nothing from the container but its own traffic.
Result<void> set_up_device(const std::string& device, Ipv6 ipv6);

Result<void> enable_proxy_ndp(const std::set<std::string>& devices);

} // namespace vz::network
