// SPDX-License-Identifier: GPL-2.0-or-later
// What all containers of the host have, to give no id range, address or name twice.
#pragma once

#include "vz/config/host.hpp"
#include "vz/network/address.hpp"
#include "vz/ops/context.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace vz::ops {

struct Census {
    std::set<config::Ctid> ctids;
    std::vector<sys::IdRange> ranges;
    std::map<network::Address, std::string> addresses; // → "container 101"
    std::map<std::string, std::string> names;          // → "container 101"
};

// Reads every NUM.conf but that of `except`, and all announced work. Unreadable configurations count with
// their id only.
Result<Census> take_census(const config::Host& host, config::Ctid except);

// Held while ids, addresses and names are chosen and announced; short.
Result<sys::FileLock> lock_census(const config::Host& host);
// Removes the lock file that a killed command left.
void sweep_census(const config::Host& host);

// Errc::ip_in_use if another container has one of them configured.
Result<void> check_addresses_free(const Census& census, const std::vector<network::Address>& addresses);
// Errc::name
Result<void> check_name_free(const Census& census, const std::string& name);

} // namespace vz::ops
