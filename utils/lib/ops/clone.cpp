// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/clone.hpp"

#include "clone_conf.hpp"
#include "ct_limits.hpp"
#include "frozen.hpp"
#include "newborn.hpp"
#include "volume.hpp"
#include "vz/base/scope.hpp"
#include "vz/config/registry.hpp"
#include "vz/guest/renewal.hpp"
#include "vz/ops/lxc_setup.hpp"
#include "vz/ops/pending.hpp"
#include "vz/ops/runtime.hpp"
#include "vz/ops/scripts.hpp"
#include "vz/sys/file.hpp"

#include <unistd.h>

namespace vz::ops {

namespace {

Result<Newborn> draft(const Context& context, const config::Container& source, const CloneRequest& request,
                      config::Ctid ctid) {
    if (sys::exists(context.host.paths.ct_conf(ctid)))
        return fail(Errc::config_copy, "{} exists already: choose another CTID",
                    context.host.paths.ct_conf(ctid));
    VZ_ASSIGN(auto conf, conf_for_clone(source.conf()));
    VZ_TRY(add_changes(conf, request.changes, request.ip_add));
    VZ_ASSIGN(auto newborn, Newborn::make(context.host, ctid, std::move(conf), false,
                                          config::layout_name(source.layout())));
    VZ_TRY(check_limits(newborn.container, request.changes));
    return newborn;
}

Result<void> copy_files_of(const Context& context, const config::Container& source,
                           const storage::Volume& target, bool freeze) {
    VZ_ASSIGN(const auto from, volume_of(source));
    const auto still = freeze ? hold_still(context, source) : Result<std::optional<Frozen>>(std::nullopt);
    if (!still)
        context.out.warning(still.error().what + "; its files are copied while it works");
    return storage_for(source.layout())->clone(from, target);
}

// As the new container's own root: whatever lies in its files can only reach itself.
Result<void> renew_identity(const config::Container& container, const storage::Volume& volume) {
    VZ_ASSIGN(const auto userns, sys::make_userns(volume.ids));
    VZ_ASSIGN(auto mount, storage_for(container.layout())->open(volume));
    const sys::Dir root(std::move(mount));
    VZ_TRY(sys::run_as_container_root(userns, [&]() -> Result<std::string> {
        VZ_TRY(guest::forget_identity(root));
        VZ_TRY(guest::make_ssh_keys_at_boot(root));
        return std::string();
    }));
    return {};
}

Result<void> make_private_area(const Context& context, const Newborn& newborn,
                               const config::Container& source, const CloneRequest& request) {
    VZ_ASSIGN(const auto volume, newborn.volume_aside());
    VZ_TRY(copy_files_of(context, source, volume, request.freeze));
    if (!request.keep_identity)
        VZ_TRY(renew_identity(newborn.container, volume).context("give the copy an identity of its own"));
    return set_first_limits(context, newborn, volume, {request.changes});
}

// Scripts of the source serve the copy as well: they are told the container's id. One that the administrator
// has put there for the copy already stays.
struct Script {
    std::string from;
    std::string to;
};

std::vector<Script> scripts_to_copy(const config::HostPaths& paths, config::Ctid from, config::Ctid to) {
    std::vector<Script> scripts;
    for (const auto action : k_own_actions)
        if (const auto script = paths.ct_script(from, action); sys::exists(script))
            if (auto own = paths.ct_script(to, action); !sys::exists(own))
                scripts.push_back({script, std::move(own)});
    return scripts;
}

Result<void> copy_scripts(const std::vector<Script>& scripts) {
    for (const auto& [from, to] : scripts) {
        VZ_ASSIGN(const auto text, sys::read_file(from));
        const unsigned mode = ::access(from.c_str(), X_OK) == 0 ? 0755 : 0644;
        VZ_TRY(sys::write_file_atomic(to, text.value_or(""), mode).as(Errc::config_copy));
    }
    return {};
}

Result<void> clone_in_steps(const Context& context, const config::Container& source,
                            const CloneRequest& request, config::Ctid ctid) {
    const auto& host = context.host;
    VZ_TRY(finish(host, ctid));
    VZ_ASSIGN(auto newborn, draft(context, source, request, ctid));
    const auto scripts = scripts_to_copy(host.paths, source.ctid(), ctid);
    std::vector<std::string> to_remove;
    for (const auto& script : scripts)
        to_remove.push_back(script.to);
    Cleanup undo([&] { (void)finish(host, ctid); });
    VZ_TRY(newborn.claim(context, std::nullopt, to_remove));
    context.out.info(format("Creating container private area (copy of {})", source.ctid().value()));
    VZ_TRY(make_private_area(context, newborn, source, request));
    VZ_TRY(copy_scripts(scripts));
    VZ_TRY(newborn.publish(context));
    undo.dismiss();
    VZ_TRY(finish(host, ctid));
    context.out.info("Container private area was created");
    return {};
}

Result<config::Container> load_source(const Context& context, config::Ctid ctid) {
    VZ_ASSIGN(auto source, config::load_container(context.host, ctid));
    if (const auto area = source.private_area(); !sys::exists(area))
        return fail(Errc::no_private, "Container private area {} does not exist", area);
    return source;
}

} // namespace

Result<config::Ctid> clone(const Context& context, const CloneRequest& request,
                           const std::function<void(config::Ctid)>& announce) {
    VZ_TRY(ensure_folders(context.host));
    finish_pending(context);
    const sys::Interrupts interrupts; // before the locks, which must be gone when a signal ends us
    VZ_ASSIGN(const auto source_lock, lock_container(context, request.source, "cloning"));
    VZ_ASSIGN(const auto source, load_source(context, request.source));
    const Birth birth{[&](config::Ctid ctid) { return clone_in_steps(context, source, request, ctid); },
                      // What watched over the source was killed together with all the rest.
                      [&] {
                          if (request.freeze && is_running(context.host.paths, source.ctid()))
                              (void)context.engine.thaw(engine_name(source));
                      }};
    auto made = with_new_ctid(context, request.ctid, interrupts, birth);
    if (!made)
        return made;
    if (announce)
        announce(*made);
    interrupts.drop();
    return made;
}

} // namespace vz::ops
