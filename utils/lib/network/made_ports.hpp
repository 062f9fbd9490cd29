// SPDX-License-Identifier: GPL-2.0-or-later
// The record of what was made for one container besides its routed link (the text of a StateFile). Pure.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace vz::network {

struct Made {
    std::set<std::string> ports;   // host ends on bridges
    std::set<std::string> devices; // of the host, given to the container
    bool rules = false;            // a firewall

    // A word and a name a line; lines that make no sense are passed over.
    static Made parse(std::string_view text);
    std::string text() const;

    bool empty() const { return ports.empty() && devices.empty() && !rules; }
    bool operator==(const Made&) const = default;
};

Made both(const Made& a, const Made& b);

std::vector<std::string> missing_from(const std::set<std::string>& now, const std::set<std::string>& before);

} // namespace vz::network
