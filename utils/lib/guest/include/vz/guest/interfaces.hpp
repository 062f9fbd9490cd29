// SPDX-License-Identifier: GPL-2.0-or-later
// How the guest's own configuration speaks of its bridged interfaces: files for systemd-networkd(8) of a name
// that is ours, and nothing else. `root` as in identity.hpp; the tree is hostile.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/dir.hpp"

#include <string>
#include <vector>

namespace vz::guest {

enum class Configured {
    from_outside, // the host sets the addresses: networkd must leave them alone
    by_dhcp,      // networkd asks for one, and is enabled
};

struct Interface {
    std::string name;
    Configured configured;
};

// Files for these, and none for others. A guest without systemd has none. Errc::veth.
Result<void> set_interfaces(const sys::Dir& root, const std::vector<Interface>& interfaces);

// The file for one, see systemd.network(5); pure.
std::string interface_text(const Interface& interface);

} // namespace vz::guest
