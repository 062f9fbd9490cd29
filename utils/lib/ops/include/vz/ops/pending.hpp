// SPDX-License-Identifier: GPL-2.0-or-later
// Work that makes or removes a container's files is announced first, in /var/lib/vz/pending/CTID. NUM.conf
// decides: where it exists when the work ends (or its process dies), the files stay; where not, they go. So a
// killed create or destroy is finished by the next command, whichever it is.
#pragma once

#include "vz/config/container.hpp"
#include "vz/ops/context.hpp"
#include "vz/sys/userns.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vz::ops {

// A container's files as a storage layout knows them: enough to remove them when nothing else is left.
struct Area {
    config::Layout layout = config::Layout::dir;
    std::string path; // VE_PRIVATE, or where it is being made
    std::string uuid;
    std::string volume_group;
    std::string thin_pool;
};
Area area_of(const config::Container& container);

// `aside` takes the place of `current` (at current.path) once NUM.conf has this value for this key; then
// `current` goes. Before that, `aside` goes. Which of the two lies where is told by the folder's inode
// number. With an empty key both have the same layout, and whoever exchanges them has decided.
struct Swap {
    Area aside;
    Area current;
    std::uint64_t aside_inode = 0;
    std::string key;
    std::string value;
};

// A snapshot to which the container is on its way: `conf` is its NUM.conf then; "": that of now stays.
struct Rollback {
    std::string id;
    std::string conf;
};

struct Pending {
    std::optional<Rollback> rollback; // to carry out, from its beginning
    std::string snapshot;             // the id of one being made or removed: goes unless the record lists it
    std::vector<Area> scratch_areas;  // to remove in any case
    std::vector<Area> areas;          // to remove if NUM.conf does not exist
    std::optional<Swap> swap;         // for a container that exists
    std::vector<std::string> scratch; // to remove in any case; links are not followed
    std::vector<std::string> paths;   // to remove if NUM.conf does not exist
    std::optional<sys::IdRange> ids;  // claimed for the container to be
    std::vector<std::string> addresses;
    std::string name;
    std::string tree; // the template tree that it will use
};

Result<void> announce(const config::Host& host, config::Ctid ctid, const Pending& pending);

// Ends the work on one container whose lock we hold (or know to be free of others): removes or keeps, as
// above.
Result<void> finish(const config::Host& host, config::Ctid ctid);

// Finishes what dead processes left. Containers that others hold are left alone; failures are told to the
// reporter.
void finish_pending(const Context& context);

// What is announced for one container; nothing is the rule.
std::optional<Pending> pending_of(const config::Host& host, config::Ctid ctid);

// All announced work, for choosing ids and names that nobody else is about to take.
std::vector<Pending> all_pending(const config::Host& host);

// The template trees that containers, and those being created, use.
Result<std::vector<std::string>> trees_in_use(const config::Host& host);

} // namespace vz::ops
