// SPDX-License-Identifier: GPL-2.0-or-later
#include "snapshot_record.hpp"

#include "volume.hpp"
#include "vz/base/json.hpp"
#include "vz/base/text.hpp"
#include "vz/config/registry.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/mount.hpp"

#include <algorithm>
#include <set>

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
    if (snapshot.lost)
        json.set("lost", true);
    return json;
}

Snapshot read_snapshot(const Json& json) {
    const Json* date = json.find("date");
    const Json* lost = json.find("lost");
    return {json.string_or("id"),
            json.string_or("parent"),
            json.string_or("name"),
            json.string_or("description"),
            static_cast<std::int64_t>(date ? date->as_uint() : 0),
            json.string_or("conf"),
            json.string_or("mounted_at"),
            lost && lost->as_bool() && *lost->as_bool()};
}

// What is not as we write it was damaged by others, and nothing of it counts: ids become names of files.
Result<void> check_ids(const SnapshotTree& tree) {
    std::set<std::string_view> ids;
    for (const auto& snapshot : tree.snapshots) {
        VZ_ASSIGN(const auto id, parse_snapshot_id(snapshot.id));
        if (id != snapshot.id || !ids.insert(snapshot.id).second)
            return fail(Errc::snapshot_list, "{} comes twice, or is not written as an id",
                        text::printable(snapshot.id));
    }
    return {};
}

} // namespace

Result<std::string> parse_snapshot_id(std::string_view text) {
    if (text.size() > 1 && text.front() == '{' && text.back() == '}')
        text = text.substr(1, text.size() - 2);
    std::string id;
    for (const char c : text)
        id += c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    const auto fits = [&](std::size_t at) {
        const bool dash = at == 8 || at == 13 || at == 18 || at == 23;
        const char c = id[at];
        return dash ? c == '-' : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    };
    bool good = id.size() == 36;
    for (std::size_t i = 0; good && i < id.size(); ++i)
        good = fits(i);
    if (!good)
        return fail(Errc::bad_value, "not the id of a snapshot: {}", text::printable(text));
    return id;
}

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
    VZ_TRY(check_ids(tree).as(Errc::snapshot_list));
    for (auto& snapshot : tree.snapshots)
        if (!tree.find(snapshot.parent))
            snapshot.parent.clear();
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
    if (!text)
        return SnapshotTree{};
    auto tree = parse_snapshots(*text);
    if (!tree)
        return fail(Errc::snapshot_list,
                    "{} is damaged ({}): put back a good one, or move it away; the snapshots stay, without "
                    "their names and configurations",
                    path, tree.error().what);
    return tree;
}

Result<void> save_snapshots(const std::string& private_area, const SnapshotTree& tree) {
    return sys::write_file_atomic(record_path(private_area), snapshots_text(tree), 0600);
}

void add_snapshot(SnapshotTree& tree, Snapshot snapshot) {
    snapshot.parent = tree.find(tree.current) ? tree.current : std::string();
    tree.current = snapshot.id;
    tree.snapshots.push_back(std::move(snapshot));
}

void add_lost(SnapshotTree& tree, std::string id, std::int64_t date) {
    Snapshot snapshot;
    snapshot.id = std::move(id);
    snapshot.date = date;
    snapshot.lost = true;
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
    VZ_ASSIGN(auto tree, load_snapshots(volume.private_area));
    VZ_TRY(storage_for(container.layout())->rollback(volume, rollback.id).as(Errc::snapshot_switch));
    if (!rollback.conf.empty()) {
        VZ_TRY(sys::write_file_atomic(host.paths.ct_conf(ctid), rollback.conf).as(Errc::save_config));
        VZ_ASSIGN(container, config::load_container(host, ctid));
        VZ_TRY(config::link_name(host.paths, ctid, container.name()));
    }
    tree.current = rollback.id;
    VZ_TRY(save_snapshots(volume.private_area, tree));
    return apply_disk_limits(container, silent_reporter());
}

Result<void> finish_snapshot(const config::Host& host, config::Ctid ctid, const std::string& id) {
    VZ_ASSIGN(const auto container, config::load_container(host, ctid));
    VZ_ASSIGN(const auto volume, volume_of(container));
    const auto tree = load_snapshots(volume.private_area);
    if (!tree || tree->find(id)) // of a damaged record nobody knows what it listed
        return {};
    return storage_for(container.layout())->remove_snapshot(volume, id);
}

} // namespace vz::ops
