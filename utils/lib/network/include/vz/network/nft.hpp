// SPDX-License-Identifier: GPL-2.0-or-later
// Our own nftables table "inet vz" as text for `nft -f -` (nft(8)). Pure: nothing is run here.
//
// One input is one transaction, and none needs to know what is there: base chains are emptied and filled
// again, a container owns one chain for each purpose, found through a map by the name of its device. So an
// upgrade, a table lost to `nft flush ruleset`, and a container that changes while others do are all the same
// case.
#pragma once

#include "vz/network/address.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace vz::network {

struct Masquerade {
    Ip address;
    std::vector<std::string>
        direct_devices; // leaving by these, the address keeps its name (it is at home there)
};

struct GuestRules {
    std::uint32_t ctid = 0;
    std::vector<Ip> addresses; // all that the container may send from; anything else is dropped
    std::vector<Masquerade> masquerade;
};

std::string nft_set_guest(const GuestRules& rules);
std::string nft_remove_guest(std::uint32_t ctid);

} // namespace vz::network
