// SPDX-License-Identifier: GPL-2.0-or-later
// The few ARP (RFC 826, RFC 5227) and neighbour discovery (RFC 4861) packets that we send and understand.
// Pure.
#pragma once

#include "vz/network/address.hpp"

#include <array>
#include <optional>
#include <string>

namespace vz::network {

using Mac = std::array<std::uint8_t, 6>;

std::string mac_text(const Mac& mac);

// A network-layer packet and the Ethernet address it goes to.
struct Packet {
    std::string bytes;
    Mac to{};
};

// "Does anybody have `ip`?", without claiming it: ARP probe or duplicate address detection's solicitation.
Packet probe_packet(const Ip& ip, const Mac& own);

// "`ip` is here now."
Packet announcement_packet(const Ip& ip, const Mac& own);

// Who says in this packet that it has `ip`, or is about to take it? Nothing for any other packet.
std::optional<Mac> claimant(std::string_view packet, const Ip& ip, const Mac& sender);

} // namespace vz::network
