// SPDX-License-Identifier: GPL-2.0-or-later
#include "made_ports.hpp"

#include "names.hpp"
#include "vz/base/result.hpp"
#include "vz/base/text.hpp"

#include <algorithm>
#include <iterator>

namespace vz::network {

Made Made::parse(std::string_view text) {
    Made made;
    for (const auto& line : text::split(text, '\n')) {
        const auto words = text::words(line);
        made.rules = made.rules || line == "rules";
        if (words.size() != 2 || !is_plain_name(words[1]))
            continue;
        if (words[0] == "port")
            made.ports.insert(words[1]);
        else if (words[0] == "device")
            made.devices.insert(words[1]);
    }
    return made;
}

std::string Made::text() const {
    std::string out = rules ? "rules\n" : "";
    for (const auto& port : ports)
        out += format("port {}\n", port);
    for (const auto& device : devices)
        out += format("device {}\n", device);
    return out;
}

Made both(const Made& a, const Made& b) {
    Made out = a;
    out.ports.insert(b.ports.begin(), b.ports.end());
    out.devices.insert(b.devices.begin(), b.devices.end());
    out.rules = a.rules || b.rules;
    return out;
}

std::vector<std::string> missing_from(const std::set<std::string>& now, const std::set<std::string>& before) {
    std::vector<std::string> out;
    std::set_difference(before.begin(), before.end(), now.begin(), now.end(), std::back_inserter(out));
    return out;
}

} // namespace vz::network
