// SPDX-License-Identifier: GPL-2.0-or-later
// States of a container's files and configuration to come back to: `vzctl snapshot*`. On layouts that can do
// it without a copy of everything.
#pragma once

#include "vz/ops/context.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vz::ops {

struct Snapshot {
    std::string id;     // a uuid, lower case, without braces
    std::string parent; // "" for a first one
    std::string name;
    std::string description;
    std::int64_t date = 0;  // seconds since 1970
    std::string conf;       // NUM.conf of that moment; "": was not wanted
    std::string mounted_at; // by snapshot-mount
    bool lost = false;      // there are its files, and nothing else is known: the record was lost
};

struct SnapshotTree {
    std::string current; // what the container's state descends from
    std::vector<Snapshot> snapshots;

    const Snapshot* find(std::string_view id) const;
    Snapshot* find(std::string_view id);
};

// "{uuid}" or "uuid" in any case, as it is kept. Errc::bad_value.
Result<std::string> parse_snapshot_id(std::string_view text);

// All, also those that only their files tell of. Errc::no_container_config, snapshot_list.
Result<SnapshotTree> list_snapshots(const Context& context, config::Ctid ctid);

struct SnapshotRequest {
    std::optional<std::string> id; // nothing: a new one
    std::string name;
    std::string description;
    bool skip_config = false; // do not keep NUM.conf with it
};
// The id. A running container is held still for a moment. Errc::snapshot_create.
Result<std::string> take_snapshot(const Context& context, config::Ctid ctid, const SnapshotRequest& request);

enum class Resume { if_it_ran, never, must };
struct SwitchRequest {
    std::string id;
    bool skip_config = false;
    Resume resume = Resume::if_it_ran; // start it again afterwards
    DryRun dry_run = DryRun::no;
};
// What the container is now is lost: a running one is killed. Killed ourselves, the next command ends what
// was begun. Errc::snapshot_switch; then the container is as it was.
Result<void> switch_snapshot(const Context& context, config::Ctid ctid, const SwitchRequest& request);

// Errc::snapshot_delete.
Result<void> delete_snapshot(const Context& context, config::Ctid ctid, const std::string& id,
                             DryRun dry_run = DryRun::no);

// Read-only, at a folder of the host. Errc::snapshot_mount, snapshot_umount.
Result<void> mount_snapshot(const Context& context, config::Ctid ctid, const std::string& id,
                            const std::string& target);
Result<void> umount_snapshot(const Context& context, config::Ctid ctid, const std::string& id);

} // namespace vz::ops
