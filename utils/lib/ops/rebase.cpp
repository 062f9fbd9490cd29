// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/rebase.hpp"

#include "area_move.hpp"
#include "volume.hpp"
#include "vz/base/scope.hpp"
#include "vz/config/registry.hpp"
#include "vz/storage/rebase.hpp"
#include "vz/templates/store.hpp"

namespace vz::ops {

namespace {

Result<config::Container> load_overlay(const Context& context, config::Ctid ctid) {
    VZ_ASSIGN(auto container, config::load_container(context.host, ctid));
    if (!storage_for(container.layout())->traits().shares_template)
        return fail(Errc::convert, "layout {} shares no template: update such a container from inside",
                    config::layout_name(container.layout()));
    VZ_TRY(check_movable(context, container));
    return container;
}

RebaseOutcome outcome_of(const templates::Template& source, const storage::RebasePlan& plan) {
    RebaseOutcome outcome{source.tree_id, false, plan.conflicts, {}};
    for (const auto& path : plan.taken)
        outcome.taken.push_back("/" + path);
    return outcome;
}

} // namespace

Result<RebaseOutcome> rebase(const Context& context, config::Ctid ctid, const RebaseRequest& request) {
    VZ_ASSIGN(const auto lock, lock_container(context, ctid, "rebasing"));
    VZ_ASSIGN(const auto from, load_overlay(context, ctid));
    const templates::Store store(context.host.template_dir());
    const auto name = request.template_name.empty() ? from.get_own("OSTEMPLATE") : request.template_name;
    VZ_ASSIGN(const auto source, store.find(name, context.out));
    if (source.tree_id == from.template_id())
        return RebaseOutcome{source.tree_id, true, {}, {}};
    auto to = from;
    VZ_TRY(to.conf().set("OSTEMPLATE", source.name));
    VZ_TRY(to.conf().set("VE_TEMPLATE", source.tree_id));
    VZ_ASSIGN(auto move, plan_move(from, to));
    move.pending.swap->key = "VE_TEMPLATE";
    move.pending.swap->value = source.tree_id;
    Cleanup undo([&] { (void)finish(context.host, ctid); });
    VZ_TRY(ensure_folders(context.host));
    // Announced before the tree is made, so that nobody prunes it meanwhile.
    VZ_TRY(announce(context.host, ctid, move.pending));
    VZ_TRY(store.ensure_tree(source, context.out));
    VZ_ASSIGN(const auto plan,
              storage::plan_rebase(move.source, source.tree_path, {request.keep, request.take}));
    auto outcome = outcome_of(source, plan);
    if (request.dry_run || !outcome.conflicts.empty())
        return outcome;
    undo.dismiss();
    VZ_TRY(carry_out(
        context, move, [&](const Move& one) { return storage::apply_rebase(one.source, one.target, plan); },
        [&] { return to.save(); }));
    return outcome;
}

} // namespace vz::ops
