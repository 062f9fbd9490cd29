// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/convert.hpp"

#include "volume.hpp"
#include "vz/base/scope.hpp"
#include "vz/config/registry.hpp"
#include "vz/ops/mount.hpp"
#include "vz/ops/pending.hpp"
#include "vz/ops/runtime.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/mount.hpp"
#include "vz/templates/store.hpp"

#include <sys/stat.h>

namespace vz::ops {

namespace {

// The same container twice: as it is, and as it will be, whose files are made aside.
struct Move {
    config::Container from;
    config::Container to;
    storage::Volume source;
    storage::Volume target;
    Pending pending;
};

Result<void> check_movable(const Context& context, const config::Container& container) {
    const auto area = container.private_area();
    if (is_running(context.host.paths, container.ctid()))
        return fail(Errc::running, "Container is currently running (stop first)");
    if (is_mounted(container))
        return fail(Errc::mounted, "Container is currently mounted (umount first)");
    if (!sys::exists(area))
        return fail(Errc::no_private, "Container private area {} does not exist", area);
    if (sys::is_mount_point(area))
        return fail(Errc::convert,
                    "{} is a mount point: its files cannot be replaced there; give the container "
                    "another VE_PRIVATE first",
                    area);
    if (sys::exists(format("{}/Dump.{}", context.host.dump_dir(), container.ctid().value())))
        return fail(Errc::convert, "the container is suspended: resume and stop it first");
    VZ_ASSIGN(const auto volume, volume_of(container));
    VZ_ASSIGN(const auto snapshots, storage_for(container.layout())->list_snapshots(volume));
    if (!snapshots.empty())
        return fail(Errc::convert,
                    "the container has {} snapshots, which cannot move with it: delete them first",
                    snapshots.size());
    return {};
}

Result<Move> plan_move(const config::Container& from, config::Container to) {
    VZ_ASSIGN(auto source, volume_of(from));
    VZ_ASSIGN(auto target, volume_of(to));
    target.private_area += ".convert";
    target.number = storage::other_number(source);
    target.size = disk_limits_of(to).bytes;
    Pending pending;
    pending.tree = to.template_id();
    Swap swap{area_of(to), area_of(from), 0, "", ""};
    swap.aside.path = target.private_area;
    pending.swap = swap;
    return Move{from, std::move(to), std::move(source), std::move(target), std::move(pending)};
}

// The copy, complete and durable, beside the original.
Result<void> make_aside(const Context& context, Move& move) {
    const auto from = storage_for(move.from.layout());
    const auto to = storage_for(move.to.layout());
    VZ_TRY(to->create(move.target, {}));
    struct stat st {};
    if (::lstat(move.target.private_area.c_str(), &st) != 0)
        return sys_fail(errno, Errc::convert, "look at {}", move.target.private_area);
    move.pending.swap->aside_inode = st.st_ino;
    VZ_TRY(announce(context.host, move.from.ctid(), move.pending));
    VZ_TRY(storage::copy_files(*from, move.source, *to, move.target));
    auto limited = to->set_limits(move.target, disk_limits_of(move.to), context.out);
    if (!limited)
        context.out.warning(limited.error().what);
    return {};
}

Result<void> carry_out(const Context& context, Move& move, const std::function<Result<void>()>& decide) {
    const auto& host = context.host;
    const auto ctid = move.from.ctid();
    Cleanup undo([&] { (void)finish(host, ctid); });
    VZ_TRY(announce(host, ctid, move.pending));
    VZ_TRY(make_aside(context, move));
    VZ_TRY(decide());
    undo.dismiss();
    return finish(host, ctid);
}

// The tree that the files of an overlay lie on: that of the template by its name, as it is now.
Result<void> choose_tree(const Context& context, config::Container& container) {
    if (!storage_for(container.layout())->traits().shares_template) {
        container.conf().erase("VE_TEMPLATE");
        return {};
    }
    const templates::Store store(context.host.template_dir());
    VZ_ASSIGN(const auto source, store.find(container.get_own("OSTEMPLATE"), context.out));
    return container.conf().set("VE_TEMPLATE", source.tree_id);
}

Result<void> ensure_tree(const Context& context, const config::Container& container) {
    if (!storage_for(container.layout())->traits().shares_template)
        return {};
    const templates::Store store(context.host.template_dir());
    VZ_ASSIGN(const auto source, store.find(container.get_own("OSTEMPLATE"), context.out));
    VZ_TRY(store.ensure_tree(source, context.out));
    return {};
}

Result<config::Container> with_quota(const Context& context, config::Ctid ctid, Errc code) {
    VZ_ASSIGN(auto container, config::load_container(context.host, ctid));
    if (container.get_or("DISK_QUOTA", "yes") == "no")
        return fail(code, "disk quota is switched off (DISK_QUOTA=no)");
    return container;
}

// A volume of its own is as large as it is: nobody has to count.
bool says_own_device(const Context& context, const config::Container& container) {
    if (!storage_for(container.layout())->traits().own_device)
        return false;
    context.out.info("The container has a volume of its own, whose size is the limit");
    return true;
}

Result<void> check_limits_given(const config::Container& container) {
    if (container.get_or("DISKSPACE", "").empty())
        return fail(Errc::no_disk_limit, "DISKSPACE is not set");
    return container.get_or("DISKINODES", "").empty()
               ? Result<void>(fail(Errc::no_inode_limit, "DISKINODES is not set"))
               : Result<void>();
}

Result<void> set_limits(const Context& context, const config::Container& container,
                        const storage::DiskLimits& limits) {
    VZ_ASSIGN(const auto volume, volume_of(container));
    return storage_for(container.layout())->set_limits(volume, limits, context.out);
}

} // namespace

Result<void> convert(const Context& context, config::Ctid ctid, const std::string& word) {
    VZ_ASSIGN(const auto lock, lock_container(context, ctid, "converting"));
    VZ_ASSIGN(const auto from, config::load_container(context.host, ctid));
    auto to = from;
    VZ_ASSIGN(const auto layout, choose_layout(from, word));
    if (layout == from.layout()) {
        context.out.info(format("Container has layout {} already", config::layout_name(layout)));
        return {};
    }
    VZ_TRY(check_movable(context, from));
    VZ_TRY(ensure_folders(context.host));
    VZ_TRY(to.conf().set("VE_LAYOUT", config::layout_name(layout)));
    VZ_TRY(write_down_storage(to));
    VZ_TRY(choose_tree(context, to));
    VZ_ASSIGN(auto move, plan_move(from, to));
    move.pending.swap->key = "VE_LAYOUT";
    move.pending.swap->value = config::layout_name(layout);
    context.out.info(format("Converting container private area to layout {}", config::layout_name(layout)));
    // Announced before the tree is made, so that nobody prunes it meanwhile.
    VZ_TRY(announce(context.host, ctid, move.pending));
    auto done = ensure_tree(context, to);
    if (done)
        done = carry_out(context, move, [&] { return to.save(); });
    if (!done) {
        (void)finish(context.host, ctid);
        return done;
    }
    context.out.info("Container was converted");
    return {};
}

Result<void> quota_on(const Context& context, config::Ctid ctid) {
    VZ_ASSIGN(const auto lock, lock_container(context, ctid, "switching quota on"));
    VZ_ASSIGN(const auto container, with_quota(context, ctid, Errc::quota_on));
    if (says_own_device(context, container))
        return {};
    VZ_TRY(check_limits_given(container));
    auto limits = disk_limits_of(container);
    limits.insist = true;
    return set_limits(context, container, limits).as(Errc::quota_on);
}

Result<void> quota_off(const Context& context, config::Ctid ctid) {
    VZ_ASSIGN(const auto lock, lock_container(context, ctid, "switching quota off"));
    VZ_ASSIGN(const auto container, with_quota(context, ctid, Errc::quota_off));
    if (says_own_device(context, container))
        return {};
    return set_limits(context, container, {}).as(Errc::quota_off);
}

Result<void> quota_init(const Context& context, config::Ctid ctid) {
    VZ_ASSIGN(const auto lock, lock_container(context, ctid, "setting quota up"));
    VZ_ASSIGN(const auto container, with_quota(context, ctid, Errc::quota_init));
    if (says_own_device(context, container))
        return {};
    VZ_TRY(check_limits_given(container));
    auto limits = disk_limits_of(container);
    limits.insist = true;
    const auto done = set_limits(context, container, limits);
    if (done || done.error().code != Errc::quota_init)
        return done ? done : Result<void>(done.error()).as(Errc::quota_init);
    VZ_TRY(check_movable(context, container));
    context.out.info("Copying the container's files into their quota");
    VZ_ASSIGN(auto move, plan_move(container, container));
    VZ_TRY(carry_out(context, move, [&] {
        return sys::exchange_durably(move.target.private_area, move.source.private_area).as(Errc::quota_init);
    }));
    return set_limits(context, container, limits).as(Errc::quota_init);
}

} // namespace vz::ops
