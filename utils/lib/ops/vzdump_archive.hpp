// SPDX-License-Identifier: GPL-2.0-or-later
// Plain archives that vzdump(1) made of containers: of OpenVZ, and of Proxmox LXC, whose configuration is
// translated.
#pragma once

#include "vz/config/ctid.hpp"
#include "vz/ops/context.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vz::ops {

struct Dumped {
    std::string conf;     // as NUM.conf
    config::Ctid ctid{0}; // 0: its name does not tell
    std::map<std::string, std::string> scripts;
    std::vector<std::string> notes; // what has no place here
};

// Reads the configuration out of the archive. Errc::failed if it holds none.
Result<Dumped> read_vzdump(const Context& context, const std::string& archive);

// "vzdump-lxc-101-2026_01_31-23_15_00.tar.zst" -> 101. Pure.
std::optional<config::Ctid> ctid_of_dump(std::string_view file_name);

// pct.conf(5) of Proxmox as NUM.conf, and what could not be translated. Pure; the text is foreign.
Dumped translate_pct(std::string_view text);

} // namespace vz::ops
