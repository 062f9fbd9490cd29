// SPDX-License-Identifier: GPL-2.0-or-later
// Devices of the host in a container's network: given, and taken back under whatever name root inside gave
// them.
#pragma once

#include "made_ports.hpp"
#include "programs.hpp"
#include "vz/base/reporter.hpp"

namespace vz::network {

// Those that are there already are left alone. Errc::net_device.
Result<void> give_devices(const std::vector<std::string>& devices, const Links& host, const Links& guest,
                          int guest_net_ns, const Change& on_host);

// `made` names all that were given. What cannot be found is told and does not stop the rest.
Result<void> take_devices_back(const Made& made, const std::vector<std::string>& devices,
                               const Change& inside, Reporter& reporter);

} // namespace vz::network
