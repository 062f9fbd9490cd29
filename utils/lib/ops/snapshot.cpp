// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/snapshot.hpp"

#include "census.hpp"
#include "frozen.hpp"
#include "net_policy.hpp"
#include "snapshot_record.hpp"
#include "volume.hpp"
#include "vz/base/scope.hpp"
#include "vz/base/text.hpp"
#include "vz/config/registry.hpp"
#include "vz/ops/mount.hpp"
#include "vz/ops/pending.hpp"
#include "vz/ops/runtime.hpp"
#include "vz/ops/start.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/mount.hpp"
#include "vz/sys/random.hpp"

#include <algorithm>
#include <ctime>
#include <sys/stat.h>

namespace vz::ops {

namespace {

// A container whose lock we hold, with its files and what is known of its snapshots.
struct Subject {
    config::Container container;
    storage::Volume volume;
    std::unique_ptr<storage::Storage> layout;
    SnapshotTree tree;
};

// When the folder of its files was made; 0 where they lie in no folder of their own.
std::int64_t date_of_files(const storage::Volume& volume, const std::string& id) {
    constexpr ino_t k_root_of_subvolume = 256; // btrfs; its times are those of the container's root
    struct stat st {};
    const auto folder = format("{}/snapshots/{}", volume.private_area, id);
    return ::lstat(folder.c_str(), &st) == 0 && st.st_ino != k_root_of_subvolume ? st.st_mtime : 0;
}

// What a killed command announced is not worth telling: the next one ends it.
Result<void> add_all_lost(const config::Container& container, const storage::Storage& layout,
                          const storage::Volume& volume, SnapshotTree& tree) {
    VZ_ASSIGN(const auto ids, layout.list_snapshots(volume));
    const auto pending = pending_of(container.host(), container.ctid());
    for (const auto& id : ids)
        if (!tree.find(id) && !(pending && pending->snapshot == id))
            add_lost(tree, id, date_of_files(volume, id));
    return {};
}

Result<Subject> subject_of(const Context& context, config::Ctid ctid, Errc kind) {
    VZ_ASSIGN(auto container, config::load_container(context.host, ctid));
    if (const auto path = container.private_area(); !sys::exists(path))
        return fail(Errc::no_private, "Container private area {} does not exist", path);
    auto layout = storage_for(container.layout());
    if (!layout->traits().snapshots)
        return fail(kind, "layout {} cannot keep snapshots; overlay, btrfs and lvmthin can (vzctl convert)",
                    config::layout_name(container.layout()));
    VZ_ASSIGN(auto volume, volume_of(container));
    VZ_ASSIGN(auto tree, load_snapshots(volume.private_area));
    VZ_TRY(add_all_lost(container, *layout, volume, tree).as(kind));
    return Subject{std::move(container), std::move(volume), std::move(layout), std::move(tree)};
}

Result<void> save(const Subject& subject) {
    return save_snapshots(subject.volume.private_area, subject.tree);
}

Result<Snapshot*> known(Subject& subject, const std::string& id, Errc kind) {
    if (auto* snapshot = subject.tree.find(id))
        return snapshot;
    return fail(kind, "there is no snapshot {{{}}}; vzctl snapshot-list {} shows them", text::printable(id),
                subject.container.ctid().value());
}

Result<void> announce_snapshot(const Context& context, config::Ctid ctid, const std::string& id) {
    VZ_TRY(ensure_folders(context.host));
    Pending pending;
    pending.snapshot = id;
    return announce(context.host, ctid, pending);
}

Result<void> copy_held_still(const Context& context, const Subject& subject, const std::string& id) {
    VZ_ASSIGN(const auto still, hold_still(context, subject.container));
    return subject.layout->take_snapshot(subject.volume, id);
}

Snapshot described(const Subject& subject, const SnapshotRequest& request) {
    Snapshot snapshot;
    snapshot.id = request.id.value_or(sys::random_uuid());
    snapshot.name = request.name;
    snapshot.description = request.description;
    snapshot.date = std::time(nullptr);
    if (!request.skip_config)
        snapshot.conf = subject.container.conf().text();
    return snapshot;
}

Result<void> check_target(const std::string& target) {
    struct stat st {};
    if (target.empty() || target.front() != '/' || text::has_control(target))
        return fail(Errc::bad_value, "--target: the full path of a folder expected, not {}",
                    text::printable(target));
    if (::stat(target.c_str(), &st) != 0 || !S_ISDIR(st.st_mode))
        return fail(Errc::snapshot_mount, "{} is not a folder", target);
    if (sys::is_mount_point(target))
        return fail(Errc::snapshot_mount, "something is mounted at {} already", target);
    return {};
}

// Stopped and unmounted; whether it ran before.
Result<bool> put_to_rest(const Context& context, const config::Container& container) {
    const bool ran = is_running(context.host.paths, container.ctid());
    const Context held{context.host, context.engine, context.out, true}; // we hold the lock
    if (ran)
        VZ_TRY(stop(held, container.ctid(), {.fast = true}));
    if (is_mounted(container))
        VZ_TRY(unmount(context, container));
    return ran;
}

Result<void> check_has_files(const Subject& subject, const std::string& id) {
    VZ_ASSIGN(const auto kept, subject.layout->list_snapshots(subject.volume).as(Errc::snapshot_switch));
    if (std::find(kept.begin(), kept.end(), id) != kept.end())
        return {};
    return fail(Errc::snapshot_switch, "the files of snapshot {{{}}} are gone; vzctl snapshot-delete it", id);
}

// What others have taken since cannot be had back.
Result<void> check_still_free(const Context& context, const config::Container& container) {
    VZ_ASSIGN(const auto lock, lock_census(context.host));
    VZ_ASSIGN(const auto census, take_census(context.host, container.ctid()));
    VZ_TRY(check_addresses_free(census, configured_addresses(container, context.out)));
    return container.name().empty() ? Result<void>() : check_name_free(census, container.name());
}

void tell_switch(const Context& context, const Subject& subject, const std::string& id, bool with_conf,
                 bool starts) {
    const auto ctid = subject.container.ctid();
    if (is_running(context.host.paths, ctid))
        context.out.info("would kill the running container");
    else if (is_mounted(subject.container))
        context.out.info("would unmount the container");
    context.out.info(
        format("would put back the files of snapshot {{{}}}; what they are now would be lost", id));
    if (with_conf)
        context.out.info("would put back " + context.host.paths.ct_conf(ctid));
    if (starts)
        context.out.info("would start the container");
}

// NUM.conf of the snapshot, but for where and whose the files are: that is so now. "": stays as it is.
Result<std::string> conf_to_return_to(const Context& context, const config::Container& container,
                                      const SwitchRequest& request, const Snapshot& snapshot) {
    if (request.skip_config || snapshot.conf.empty())
        return std::string();
    VZ_ASSIGN(auto conf, config::ConfFile::parse(snapshot.conf).as(Errc::snapshot_switch));
    for (const char* key : {"VE_ROOT", "VE_PRIVATE", "VE_LAYOUT", "VE_UUID", "VE_TEMPLATE", "VE_VOLUME_GROUP",
                            "VE_THIN_POOL", "LOCAL_UID", "LOCAL_GID"}) {
        conf.erase(key);
        if (const auto value = container.conf().get(key))
            VZ_TRY(conf.set(key, *value));
    }
    config::Container then(context.host, container.ctid(), std::move(conf));
    auto free = check_still_free(context, then);
    if (!free)
        return fail(Errc::snapshot_switch, "{}; --skip-config leaves the configuration as it is",
                    free.error().what);
    return then.conf().text();
}

} // namespace

Result<SnapshotTree> list_snapshots(const Context& context, config::Ctid ctid) {
    VZ_ASSIGN(const auto container, config::load_container(context.host, ctid));
    VZ_ASSIGN(auto tree, load_snapshots(container.private_area()));
    const auto layout = storage_for(container.layout());
    if (!layout->traits().snapshots)
        return tree;
    VZ_ASSIGN(const auto volume, volume_of(container));
    VZ_TRY(add_all_lost(container, *layout, volume, tree).as(Errc::snapshot_list));
    return tree;
}

Result<std::string> take_snapshot(const Context& context, config::Ctid ctid, const SnapshotRequest& request) {
    VZ_ASSIGN(const auto lock, lock_container(context, ctid, "taking a snapshot"));
    VZ_ASSIGN(auto subject, subject_of(context, ctid, Errc::snapshot_create));
    auto snapshot = described(subject, request);
    const auto id = snapshot.id;
    if (subject.tree.find(id))
        return fail(Errc::snapshot_create, "snapshot {{{}}} exists already", id);
    context.out.info(format("Creating snapshot {{{}}}", id));
    VZ_TRY(announce_snapshot(context, ctid, id).as(Errc::snapshot_create));
    const Cleanup end([&] { (void)finish(context.host, ctid); });
    VZ_TRY(copy_held_still(context, subject, id));
    add_snapshot(subject.tree, std::move(snapshot));
    VZ_TRY(save(subject).as(Errc::snapshot_create));
    context.out.info(format("Snapshot {{{}}} has been successfully created", id));
    return id;
}

Result<void> switch_snapshot(const Context& context, config::Ctid ctid, const SwitchRequest& request) {
    VZ_ASSIGN(const auto lock, lock_container(context, ctid, "switching to a snapshot"));
    VZ_ASSIGN(auto subject, subject_of(context, ctid, Errc::snapshot_switch));
    VZ_ASSIGN(const auto* snapshot, known(subject, request.id, Errc::snapshot_switch));
    VZ_TRY(check_has_files(subject, request.id));
    VZ_ASSIGN(const auto conf, conf_to_return_to(context, subject.container, request, *snapshot));
    const bool runs = is_running(context.host.paths, ctid);
    const bool wanted = request.resume == Resume::must || (runs && request.resume == Resume::if_it_ran);
    if (request.dry_run == DryRun::yes) {
        tell_switch(context, subject, request.id, !conf.empty(), wanted);
        return {};
    }
    VZ_ASSIGN(const bool ran, put_to_rest(context, subject.container));
    context.out.info(format("Switching to snapshot {{{}}}", request.id));
    Pending pending;
    pending.rollback = Rollback{request.id, conf};
    auto done = announce(context.host, ctid, pending);
    if (done)
        done = finish(context.host, ctid);
    if (!done)
        context.out.warning("the container stays what it was");
    else
        context.out.info("Container has been successfully switched to another snapshot");
    if (done ? wanted : ran) {
        const auto started = start({context.host, context.engine, context.out, true}, ctid, {});
        return done ? started : done;
    }
    return done;
}

Result<void> delete_snapshot(const Context& context, config::Ctid ctid, const std::string& id,
                             DryRun dry_run) {
    VZ_ASSIGN(const auto lock, lock_container(context, ctid, "deleting a snapshot"));
    VZ_ASSIGN(auto subject, subject_of(context, ctid, Errc::snapshot_delete));
    VZ_ASSIGN(const auto* snapshot, known(subject, id, Errc::snapshot_delete));
    if (is_mounted(*snapshot))
        return fail(Errc::snapshot_delete, "it is mounted at {}: vzctl snapshot-umount first",
                    snapshot->mounted_at);
    if (dry_run == DryRun::yes) {
        context.out.info(format("would delete snapshot {{{}}}", id));
        return {};
    }
    VZ_TRY(announce_snapshot(context, ctid, id).as(Errc::snapshot_delete));
    Cleanup undo([&] { (void)finish(context.host, ctid); });
    drop_snapshot(subject.tree, id);
    VZ_TRY(save(subject).as(Errc::snapshot_delete));
    undo.dismiss();
    VZ_TRY(finish(context.host, ctid));
    context.out.info(format("Snapshot {{{}}} has been successfully deleted", id));
    return {};
}

Result<void> mount_snapshot(const Context& context, config::Ctid ctid, const std::string& id,
                            const std::string& target) {
    VZ_ASSIGN(const auto lock, lock_container(context, ctid, "mounting a snapshot"));
    VZ_ASSIGN(auto subject, subject_of(context, ctid, Errc::snapshot_mount));
    VZ_ASSIGN(auto* snapshot, known(subject, id, Errc::snapshot_mount));
    VZ_TRY(check_target(target));
    if (is_mounted(*snapshot))
        return fail(Errc::snapshot_mount, "it is mounted at {} already", snapshot->mounted_at);
    VZ_ASSIGN(const auto mount, subject.layout->open_snapshot(subject.volume, id).as(Errc::snapshot_mount));
    snapshot->mounted_at = target;
    VZ_TRY(save(subject).as(Errc::snapshot_mount));
    auto attached = sys::attach_mount(mount, target).as(Errc::snapshot_mount);
    if (!attached) {
        snapshot->mounted_at.clear();
        (void)save(subject);
    }
    return attached;
}

Result<void> umount_snapshot(const Context& context, config::Ctid ctid, const std::string& id) {
    VZ_ASSIGN(const auto lock, lock_container(context, ctid, "unmounting a snapshot"));
    VZ_ASSIGN(auto subject, subject_of(context, ctid, Errc::snapshot_umount));
    VZ_ASSIGN(auto* snapshot, known(subject, id, Errc::snapshot_umount));
    if (!is_mounted(*snapshot))
        return fail(Errc::snapshot_umount, "snapshot {{{}}} is not mounted", id);
    VZ_TRY(sys::unmount_all(snapshot->mounted_at).as(Errc::snapshot_umount));
    snapshot->mounted_at.clear();
    return save(subject).as(Errc::snapshot_umount);
}

} // namespace vz::ops
