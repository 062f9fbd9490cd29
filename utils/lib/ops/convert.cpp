// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/convert.hpp"

#include "area_move.hpp"
#include "volume.hpp"
#include "vz/base/scope.hpp"
#include "vz/config/registry.hpp"
#include "vz/ops/pending.hpp"
#include "vz/sys/file.hpp"
#include "vz/templates/store.hpp"

namespace vz::ops {

namespace {

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

Result<void> convert(const Context& context, config::Ctid ctid, const std::string& word, DryRun dry_run) {
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
    const bool real = dry_run == DryRun::no;
    if (real)
        context.out.info(
            format("Converting container private area to layout {}", config::layout_name(layout)));
    Cleanup undo([&] { (void)finish(context.host, ctid); });
    // Announced before the tree is made, so that nobody prunes it meanwhile.
    VZ_TRY(announce(context.host, ctid, move.pending));
    VZ_TRY(ensure_tree(context, to));
    VZ_TRY(real ? carry_out(context, move, copy_all, [&] { return to.save(); }) : try_out(context, move));
    context.out.info(real ? std::string("Container was converted")
                          : format("would convert {} from layout {} to {}", from.private_area(),
                                   config::layout_name(from.layout()), config::layout_name(layout)));
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
    VZ_TRY(carry_out(context, move, copy_all, [&] {
        return sys::exchange_durably(move.target.private_area, move.source.private_area).as(Errc::quota_init);
    }));
    return set_limits(context, container, limits).as(Errc::quota_init);
}

} // namespace vz::ops
