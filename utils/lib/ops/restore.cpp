// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/restore.hpp"

#include "area_move.hpp"
#include "ct_limits.hpp"
#include "newborn.hpp"
#include "restore_conf.hpp"
#include "restore_files.hpp"
#include "volume.hpp"
#include "vz/base/scope.hpp"
#include "vz/base/text.hpp"
#include "vz/config/registry.hpp"
#include "vz/ops/pending.hpp"
#include "vz/ops/scripts.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/mount.hpp"
#include "vz/sys/random.hpp"
#include "vzdump_archive.hpp"

#include <algorithm>
#include <unistd.h>

namespace vz::ops {

namespace {

// What there is to restore, before it is known where to.
struct Material {
    RestoreOrigin origin;
    OldConf conf;
    std::map<std::string, std::string> scripts;
    std::vector<std::string> notes; // what does not come with it
};

Result<Material> read_material(const Context& context, const RestoreSource& source) {
    if (source.id.empty()) {
        VZ_ASSIGN(auto dumped, read_vzdump(context, source.archive));
        return Material{{source, std::nullopt, std::nullopt},
                        {std::move(dumped.conf), dumped.ctid},
                        std::move(dumped.scripts),
                        std::move(dumped.notes)};
    }
    VZ_ASSIGN(auto head, source.depot->head(source.id));
    OldConf conf{head.conf, config::Ctid(head.ctid)};
    auto scripts = head.scripts;
    return Material{{source, std::move(head), std::nullopt}, std::move(conf), std::move(scripts), {}};
}

Result<std::vector<std::string>> uuids_of_others(const config::Host& host, config::Ctid except) {
    std::vector<std::string> out;
    VZ_ASSIGN(const auto ids, config::list_ctids(host.paths));
    for (const auto ctid : ids)
        if (ctid != except)
            if (const auto container = config::load_container(host, ctid))
                out.push_back(container->uuid());
    return out;
}

// The configuration as it will be, told what does not fit.
Result<config::ConfFile> conf_for(const Context& context, const RestoreRequest& request,
                                  const Material& material, config::Ctid ctid) {
    VZ_ASSIGN(const auto census, take_census(context.host, ctid));
    VZ_ASSIGN(const auto uuids, uuids_of_others(context.host, ctid));
    VZ_ASSIGN(const auto pool, storage::parse_id_pool(context.host.get("VE_IDS")));
    auto old = material.conf;
    if (!request.ip_add.empty()) {
        VZ_ASSIGN(auto conf, config::ConfFile::parse(old.text));
        conf.erase("IP_ADDRESS");
        old.text = conf.text();
    }
    VZ_ASSIGN(auto fitted, conf_for_host(old, ctid, {census, uuids, pool}));
    for (const auto& warning : fitted.warnings)
        context.out.warning(warning);
    VZ_TRY(add_changes(fitted.conf, request.changes, request.ip_add));
    return std::move(fitted.conf);
}

// A full backup on `overlay` needs some template below, and the archives of others nothing of the kind.
Result<std::string> layout_for(const Context& context, const RestoreRequest& request, Material& material,
                               const config::Container& container) {
    auto word = request.layout.value_or(container.conf().get("VE_LAYOUT").value_or(""));
    if (material.origin.head && word.empty())
        word = material.origin.head->layout;
    if (word.empty())
        word = context.host.get("VE_LAYOUT", "overlay");
    VZ_ASSIGN(const auto layout, choose_layout(container, word));
    const bool shares = storage_for(layout)->traits().shares_template;
    auto& origin = material.origin;
    if (origin.head && origin.head->on_template) {
        VZ_ASSIGN(origin.on_template,
                  template_of(context, *origin.source.depot, *origin.head->on_template, shares));
        return word;
    }
    if (!shares)
        return word;
    if (request.layout && !origin.head)
        return fail(Errc::bad_value,
                    "layout {} is not possible for this archive: take another, and `vzctl "
                    "convert` it later",
                    word);
    const templates::Store store(context.host.template_dir());
    const auto name = container.get_own("OSTEMPLATE");
    auto found = name.empty() ? Result<templates::Template>(Error{}) : store.find(name, context.out);
    if (found && origin.head) {
        origin.on_template = *std::move(found);
        return word;
    }
    if (request.layout)
        return fail(Errc::template_not_found,
                    "layout {} needs the container's template{}, which is not in the store", word,
                    name.empty() ? "" : " " + text::printable(name));
    return std::string("dir");
}

Result<void> name_tree(config::Container& container, const RestoreOrigin& origin) {
    container.conf().erase("VE_TEMPLATE");
    return storage_for(container.layout())->traits().shares_template
               ? container.conf().set("VE_TEMPLATE", origin.on_template->tree_id)
               : Result<void>();
}

struct ScriptText {
    std::string path;
    std::string text;
};

// Only names that are action scripts; one that the administrator has put there already stays.
std::vector<ScriptText> scripts_to_write(const Context& context, const RestoreRequest& request,
                                         const Material& material, config::Ctid ctid, bool replace) {
    std::vector<ScriptText> out;
    for (const auto& [action, text] : material.scripts) {
        if (std::find(k_own_actions.begin(), k_own_actions.end(), action) == k_own_actions.end())
            continue;
        auto path = context.host.paths.ct_script(ctid, action);
        if (!request.scripts)
            context.out.info(format("Its action script {} is left out", action));
        else if (!replace && sys::exists(path))
            context.out.warning(format("{} exists already and stays", path));
        else
            out.push_back({std::move(path), text});
    }
    return out;
}

Result<void> write_scripts(const Context& context, const std::vector<ScriptText>& scripts) {
    for (const auto& [path, text] : scripts) {
        VZ_TRY(sys::write_file_atomic(path, text, 0755).as(Errc::config_copy));
        context.out.info(format("Its action script came with it: {}", path));
    }
    return {};
}

void tell_notes(const Context& context, const Material& material) {
    for (const auto& note : material.notes)
        context.out.warning(note);
}

Result<void> restore_new(const Context& context, const RestoreRequest& request, Material material,
                         config::Ctid ctid) {
    const auto& host = context.host;
    VZ_TRY(finish(host, ctid));
    if (sys::exists(host.paths.ct_conf(ctid)))
        return fail(Errc::config_copy,
                    "{} exists already: choose another CTID, or replace the container with --force",
                    host.paths.ct_conf(ctid));
    VZ_ASSIGN(auto conf, conf_for(context, request, material, ctid));
    VZ_ASSIGN(const auto layout, layout_for(context, request, material, config::Container(host, ctid, conf)));
    VZ_ASSIGN(auto newborn, Newborn::make(host, ctid, std::move(conf), false, layout));
    VZ_TRY(name_tree(newborn.container, material.origin));
    VZ_TRY(check_limits(newborn.container, request.changes));
    const auto scripts = scripts_to_write(context, request, material, ctid, false);
    std::vector<std::string> to_remove;
    for (const auto& script : scripts)
        to_remove.push_back(script.path);
    Cleanup undo([&] { (void)finish(host, ctid); });
    VZ_TRY(newborn.claim(context, std::nullopt, to_remove));
    VZ_ASSIGN(const auto volume, newborn.volume_aside());
    context.out.info("Restoring container private area");
    VZ_TRY(make_volume(context, newborn.container, volume, material.origin));
    VZ_TRY(set_first_limits(context, newborn, volume, {request.changes}));
    VZ_TRY(write_scripts(context, scripts));
    VZ_TRY(newborn.publish(context));
    undo.dismiss();
    return finish(host, ctid);
}

// The container as it will be: it keeps the ids that it has here. Its UUID tells the two apart (Swap).
Result<config::Container> successor(const Context& context, const RestoreRequest& request, Material& material,
                                    const config::Container& old) {
    VZ_ASSIGN(auto conf, conf_for(context, request, material, old.ctid()));
    VZ_ASSIGN(const auto word,
              layout_for(context, request, material, config::Container(context.host, old.ctid(), conf)));
    config::Container out(context.host, old.ctid(), std::move(conf));
    for (const char* key : {"VE_ROOT", "VE_PRIVATE", "LOCAL_UID", "LOCAL_GID"})
        VZ_TRY(out.conf().set(key, old.get_own(key)));
    if (out.uuid().empty() || out.uuid() == old.uuid())
        VZ_TRY(out.conf().set("VE_UUID", sys::random_uuid()));
    VZ_ASSIGN(const auto layout, choose_layout(out, word));
    VZ_TRY(out.conf().set("VE_LAYOUT", config::layout_name(layout)));
    VZ_TRY(write_down_storage(out));
    VZ_TRY(name_tree(out, material.origin));
    VZ_TRY(config::check_folders(out));
    VZ_TRY(check_limits(out, request.changes));
    return out;
}

Result<void> restore_over(const Context& context, const RestoreRequest& request, Material material,
                          const config::Container& old) {
    const auto ctid = old.ctid();
    VZ_TRY(check_movable(context, old));
    VZ_ASSIGN(const auto next, successor(context, request, material, old));
    VZ_ASSIGN(auto move, plan_move(old, next));
    move.pending.swap->key = "VE_UUID";
    move.pending.swap->value = next.uuid();
    move.pending.addresses = next.addresses();
    move.pending.name = next.name();
    const auto scripts = scripts_to_write(context, request, material, ctid, true);
    Cleanup undo([&] { (void)finish(context.host, ctid); });
    VZ_TRY(announce(context.host, ctid, move.pending)); // before the tree is made
    context.out.info("Restoring container private area beside the old one");
    if (storage_for(next.layout())->traits().shares_template) {
        const templates::Store store(context.host.template_dir());
        VZ_TRY(store.ensure_tree(*material.origin.on_template, context.out));
    }
    const auto fill = [&](const Move& to) { return fill_volume(context, to.to, to.target, material.origin); };
    VZ_TRY(carry_out(context, move, fill, [&] { return next.save(); }));
    VZ_TRY(config::link_name(context.host.paths, ctid, next.name()));
    return write_scripts(context, scripts);
}

Result<void> replace(const Context& context, const RestoreRequest& request, const Material& material,
                     config::Ctid ctid, const sys::Interrupts& interrupts) {
    VZ_ASSIGN(const auto lock, lock_container(context, ctid, "restoring"));
    VZ_ASSIGN(const auto old, config::load_container(context.host, ctid));
    VZ_TRY(interrupts.run(
        [&]() -> Result<std::string> {
            VZ_TRY(restore_over(context, request, material, old));
            return std::string();
        },
        [&] {
            const auto done = finish(context.host, ctid);
            context.out.warning(done ? "Interrupted: container " + ctid.text() + " is what it was"
                                     : "Interrupted; clean up: " + done.error().what);
        }));
    return {};
}

Result<config::Ctid> id_for(const RestoreRequest& request, const Material& material) {
    if (!request.ctid && material.conf.was.is_host())
        return fail(Errc::usage, "{}: its name tells no CTID: give one", material.origin.source.archive);
    return request.ctid.value_or(material.conf.was);
}

std::string describe(const Material& material) {
    const auto& head = material.origin.head;
    return head ? format("{} ({} files, {} MB, {})", head->id, head->entries, head->bytes >> 20,
                         backup::mode_name(head->mode))
                : material.origin.source.archive;
}

} // namespace

Result<config::Ctid> restore(const Context& context, const RestoreRequest& request,
                             const std::function<void(config::Ctid)>& announce_made) {
    VZ_TRY(ensure_folders(context.host));
    finish_pending(context);
    VZ_ASSIGN(const auto material, read_material(context, request.source));
    VZ_ASSIGN(const auto ctid, id_for(request, material));
    tell_notes(context, material);
    context.out.info("Restoring " + describe(material));
    const sys::Interrupts interrupts; // before the lock, which must be gone when a signal ends us
    if (request.force && sys::exists(context.host.paths.ct_conf(ctid))) {
        VZ_TRY(replace(context, request, material, ctid, interrupts));
    } else {
        VZ_TRY(with_new_ctid(context, ctid, interrupts, {[&](config::Ctid free) {
                                 return restore_new(context, request, material, free);
                             }}));
    }
    context.out.info("Container was restored");
    if (announce_made)
        announce_made(ctid);
    interrupts.drop();
    return ctid;
}

Result<void> try_restore(const Context& context, const RestoreRequest& request) {
    VZ_ASSIGN(const auto material, read_material(context, request.source));
    VZ_ASSIGN(const auto ctid, id_for(request, material));
    const auto conf_path = context.host.paths.ct_conf(ctid);
    const bool replaces = sys::exists(conf_path);
    if (replaces && !request.force)
        return fail(Errc::config_copy,
                    "{} exists already: choose another CTID, or replace the container with --force",
                    conf_path);
    if (replaces) {
        VZ_ASSIGN(const auto old, config::load_container(context.host, ctid));
        VZ_TRY(check_movable(context, old));
    }
    tell_notes(context, material);
    VZ_ASSIGN(const auto conf, conf_for(context, request, material, ctid));
    const config::Container container(context.host, ctid, conf);
    context.out.info(format("would restore {} as container {}{}", describe(material), ctid.value(),
                            replaces ? ", in place of the one that is there" : ""));
    context.out.info(format("layout {}, name {}, addresses {}",
                            request.layout.value_or(container.get_or("VE_LAYOUT", "overlay")),
                            container.name().empty() ? "-" : container.name(),
                            container.addresses().empty() ? "-" : text::join(container.addresses(), " ")));
    return {};
}

} // namespace vz::ops
