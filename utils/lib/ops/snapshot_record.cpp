// SPDX-License-Identifier: GPL-2.0-or-later
#include "snapshot_record.hpp"

#include "volume.hpp"
#include "vz/base/json.hpp"
#include "vz/config/registry.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/mount.hpp"

#include <algorithm>

namespace vz::ops {

namespace {

std::string record_path(const std::string& private_area) {
    return private_area + "/snapshots.json";
}

Json to_json(const Snapshot& snapshot) {
    Json json;
    json.set("id", snapshot.id);
    json.set("parent", snapshot.parent);
    json.set("name", snapshot.name);
    json.set("description", snapshot.description);
    json.set("date", snapshot.date);
    json.set("conf", snapshot.conf);
    json.set("mounted_at", snapshot.mounted_at);
    return json;
}

Snapshot read_snapshot(const Json& json) {
    const Json* date = json.find("date");
    return {json.string_or("id"),
            json.string_or("parent"),
            json.string_or("name"),
            json.string_or("description"),
            static_cast<std::int64_t>(date ? date->as_uint() : 0),
            json.string_or("conf"),
            json.string_or("mounted_at")};
}

} // namespace

const Snapshot* SnapshotTree::find(std::string_view id) const {
    const auto found = std::find_if(snapshots.begin(), snapshots.end(),
                                    [&](const Snapshot& snapshot) { return snapshot.id == id; });
    return found == snapshots.end() ? nullptr : &*found;
}

Snapshot* SnapshotTree::find(std::string_view id) {
    return const_cast<Snapshot*>(std::as_const(*this).find(id));
}

Result<SnapshotTree> parse_snapshots(std::string_view text) {
    VZ_ASSIGN(const auto json, Json::parse(text).as(Errc::snapshot_list));
    const Json* list = json.find("snapshots");
    if (!list || !list->as_array())
        return fail(Errc::snapshot_list, "no list of snapshots in it");
    SnapshotTree tree;
    tree.current = json.string_or("current");
    for (const auto& item : *list->as_array())
        tree.snapshots.push_back(read_snapshot(item));
    return tree;
}

std::string snapshots_text(const SnapshotTree& tree) {
    Json::Array list;
    for (const auto& snapshot : tree.snapshots)
        list.push_back(to_json(snapshot));
    Json json;
    json.set("current", tree.current);
    json.set("snapshots", std::move(list));
    return json.dump(2) + "\n";
}

Result<SnapshotTree> load_snapshots(const std::string& private_area) {
    const auto path = record_path(private_area);
    VZ_ASSIGN(const auto text, sys::read_file(path));
    return text ? parse_snapshots(*text).context(path) : SnapshotTree{};
}

Result<void> save_snapshots(const std::string& private_area, const SnapshotTree& tree) {
    return sys::write_file_atomic(record_path(private_area), snapshots_text(tree), 0600);
}

void add_snapshot(SnapshotTree& tree, Snapshot snapshot) {
    snapshot.parent = tree.current;
    tree.current = snapshot.id;
    tree.snapshots.push_back(std::move(snapshot));
}

void drop_snapshot(SnapshotTree& tree, std::string_view id) {
    const auto* gone = tree.find(id);
    if (!gone)
        return;
    const auto parent = gone->parent;
    for (auto& snapshot : tree.snapshots)
        if (snapshot.parent == id)
            snapshot.parent = parent;
    if (tree.current == id)
        tree.current = parent;
    tree.snapshots.erase(tree.snapshots.begin() + (tree.find(id) - tree.snapshots.data()));
}

bool is_mounted(const Snapshot& snapshot) {
    return !snapshot.mounted_at.empty() && sys::is_mount_point(snapshot.mounted_at);
}

Result<void> check_none_mounted(const std::string& private_area) {
    VZ_ASSIGN(const auto tree, load_snapshots(private_area));
    for (const auto& snapshot : tree.snapshots)
        if (is_mounted(snapshot))
            return fail(Errc::mounted, "snapshot {{{}}} is mounted at {}: vzctl snapshot-umount first",
                        snapshot.id, snapshot.mounted_at);
    return {};
}

// Again and again has the same result: the files, then the configuration, then the note which one it is.
Result<void> finish_rollback(const config::Host& host, config::Ctid ctid, const Rollback& rollback) {
    VZ_ASSIGN(auto container, config::load_container(host, ctid));
    VZ_ASSIGN(const auto volume, volume_of(container));
    VZ_TRY(storage_for(container.layout())->rollback(volume, rollback.id).as(Errc::snapshot_switch));
    if (!rollback.conf.empty()) {
        VZ_TRY(sys::write_file_atomic(host.paths.ct_conf(ctid), rollback.conf).as(Errc::save_config));
        VZ_ASSIGN(container, config::load_container(host, ctid));
        VZ_TRY(config::link_name(host.paths, ctid, container.name()));
    }
    VZ_ASSIGN(auto tree, load_snapshots(volume.private_area));
    tree.current = rollback.id;
    VZ_TRY(save_snapshots(volume.private_area, tree));
    return apply_disk_limits(container, silent_reporter());
}

} // namespace vz::ops
