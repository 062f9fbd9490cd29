// SPDX-License-Identifier: GPL-2.0-or-later
// Which ids of the host belong to which container: each gets 65536 of its own from one pool.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/userns.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vz::storage {

struct IdPool {
    // Far from people's accounts, from subuid(5) defaults and from the ids that systemd reserves for others
    // (systemd, UIDS-GIDS.md); room for 4096 containers.
    std::uint32_t base = 1006632960;
    std::uint32_t containers = 4096;

    static constexpr std::uint32_t k_each = 65536;
    std::uint64_t count() const { return std::uint64_t{containers} * k_each; }
};

// "BASE:CONTAINERS" of vz.conf's VE_IDS; "" is the default pool. Errc::bad_value.
Result<IdPool> parse_id_pool(std::string_view text);

// The lowest range that overlaps none of `used`. Errc::no_resources if all are taken.
Result<sys::IdRange> choose_range(const IdPool& pool, const std::vector<sys::IdRange>& used);

bool overlap(const sys::IdRange& a, const sys::IdRange& b);

// Text of /etc/subuid or /etc/subgid with root allowed to map base…base+count-1 (newuidmap(1) asks for that);
// the same text if some line of root allows it already. The file's other lines stay.
std::string with_delegation(std::string_view text, std::uint64_t base, std::uint64_t count);

// Makes sure that both files at these paths allow the range. Errc::system.
Result<void> ensure_delegation(const std::string& subuid, const std::string& subgid,
                               const sys::IdRange& range, const IdPool& pool);

// Clears what a killed ensure_delegation() left beside the files, unless somebody else is at work on them.
void sweep_delegation(const std::string& subuid, const std::string& subgid);

} // namespace vz::storage
