// SPDX-License-Identifier: GPL-2.0-or-later
// What is known about a container's snapshots, kept as VE_PRIVATE/snapshots.json: the files themselves are
// the storage's. Changes of the tree are pure.
#pragma once

#include "vz/base/result.hpp"
#include "vz/ops/pending.hpp"
#include "vz/ops/snapshot.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vz::ops {

// Errc::snapshot_list if it cannot be understood: no JSON, ids that are none or come twice.
Result<SnapshotTree> parse_snapshots(std::string_view text);
std::string snapshots_text(const SnapshotTree& tree);

// An absent record is an empty tree.
Result<SnapshotTree> load_snapshots(const std::string& private_area);
Result<void> save_snapshots(const std::string& private_area, const SnapshotTree& tree);

// The new one becomes a child of the current one, and the current one.
void add_snapshot(SnapshotTree& tree, Snapshot snapshot);
// Files that the record does not know: it was lost, or put back from a backup. No parent, no children.
void add_lost(SnapshotTree& tree, std::string id, std::int64_t date);
// Its children become those of its parent.
void drop_snapshot(SnapshotTree& tree, std::string_view id);

bool is_mounted(const Snapshot& snapshot); // by snapshot-mount, and still so
// Errc::mounted
Result<void> check_none_mounted(const std::string& private_area);

// Carries out what switch_snapshot() announced; again and again has the same result. The container is not
// mounted. Errc::snapshot_switch: it has what it had, and the intent may be dropped.
Result<void> finish_rollback(const config::Host& host, config::Ctid ctid, const Rollback& rollback);

// Removes the files of a snapshot that was being made or removed, unless the record lists it.
Result<void> finish_snapshot(const config::Host& host, config::Ctid ctid, const std::string& id);

} // namespace vz::ops
