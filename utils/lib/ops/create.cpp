// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/create.hpp"

#include "ct_limits.hpp"
#include "newborn.hpp"
#include "sample.hpp"
#include "volume.hpp"
#include "vz/base/scope.hpp"
#include "vz/guest/cron.hpp"
#include "vz/guest/init.hpp"
#include "vz/ops/pending.hpp"
#include "vz/ops/scripts.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"
#include "vz/templates/store.hpp"
#include "vz/unpack/unpack.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>

namespace vz::ops {

namespace {

// What create needs to know, decided before anything is made.
struct Draft {
    Newborn newborn;
    templates::Template source;
};

Result<config::ConfFile> starting_conf(const config::Host& host, const CreateRequest& request,
                                       config::Ctid ctid, bool& exists) {
    VZ_ASSIGN(const auto present, sys::read_file(host.paths.ct_conf(ctid)));
    exists = present.has_value();
    if (exists && request.sample)
        return fail(Errc::config_copy, "{} exists already; --config is for new configurations",
                    host.paths.ct_conf(ctid));
    if (exists)
        return config::ConfFile::parse(*present).context(host.paths.ct_conf(ctid));
    const auto name = request.sample.value_or(host.get("CONFIGFILE"));
    if (name.empty())
        return config::ConfFile{};
    VZ_ASSIGN(auto sample, load_sample(host, name, Errc::config_copy));
    if (!sample && request.sample)
        return fail(Errc::config_copy, "Sample configuration {} not found", host.paths.sample_conf(name));
    if (!sample)
        return config::ConfFile{};
    VZ_TRY(sample->set("ORIGIN_SAMPLE", name));
    return *std::move(sample);
}

Result<templates::Template> find_template(const config::Host& host, const std::string& name, Reporter& out) {
    if (name.empty())
        return fail(Errc::no_template_name,
                    "no template is named: give --ostemplate, or DEF_OSTEMPLATE in vz.conf");
    const templates::Store store(host.template_dir());
    return store.find(name, out);
}

Result<Draft> draft(const Context& context, const CreateRequest& request, config::Ctid ctid) {
    const auto& host = context.host;
    bool conf_exists = false;
    VZ_ASSIGN(auto conf, starting_conf(host, request, ctid, conf_exists));
    const auto wanted = !request.template_name.empty()
                            ? request.template_name
                            : conf.get("OSTEMPLATE").value_or(host.get("DEF_OSTEMPLATE"));
    VZ_ASSIGN(auto source, find_template(host, wanted, context.out));
    VZ_TRY(add_changes(conf, request.changes, request.ip_add));
    VZ_TRY(conf.set("OSTEMPLATE", source.name));
    const auto layout =
        request.layout.value_or(conf.get("VE_LAYOUT").value_or(host.get("VE_LAYOUT", "overlay")));
    VZ_ASSIGN(auto newborn, Newborn::make(host, ctid, std::move(conf), conf_exists, layout));
    VZ_TRY(check_limits(newborn.container, request.changes));
    if (storage_for(newborn.container.layout())->traits().shares_template)
        VZ_TRY(newborn.container.conf().set("VE_TEMPLATE", source.tree_id));
    return Draft{std::move(newborn), std::move(source)};
}

// Refuses early what cannot fit: a copy needs more than the archive, an overlay room for its first changes.
Result<void> check_space(const Draft& draft) {
    const auto& container = draft.newborn.container;
    const auto area = container.private_area();
    const auto folder = area.substr(0, area.rfind('/'));
    struct stat archive {};
    const bool copies = !storage_for(container.layout())->traits().instant_create;
    const auto size = copies && ::stat(draft.source.archive.c_str(), &archive) == 0 ? archive.st_size : 0;
    const auto needed = static_cast<std::uint64_t>(size) + (4 << 20);
    struct statvfs fs {};
    if (::statvfs(folder.c_str(), &fs) == 0 && std::uint64_t{fs.f_bavail} * fs.f_frsize < needed)
        return fail(Errc::no_disk_space, "not enough disk space in {}: at least {} MB are needed", folder,
                    needed >> 20);
    return {};
}

Result<void> fill_from_archive(const Context& context, const templates::Template& source,
                               const sys::Dir& target, const sys::Fd& userns) {
    VZ_TRY(unpack::extract({source.archive, target, userns, {}, context.out}));
    // A template of unknown origin may hold anything; better to refuse it here than at the first start.
    VZ_TRY(sys::run_as_container_root(userns, [&]() -> Result<std::string> {
        VZ_TRY(guest::check_bootable(target));
        return std::string();
    }));
    return {};
}

Result<void> make_private_area(const Context& context, const Draft& draft, const storage::Volume& volume) {
    const auto layout = storage_for(draft.newborn.container.layout());
    if (layout->traits().shares_template) {
        const templates::Store store(context.host.template_dir());
        VZ_TRY(store.ensure_tree(draft.source, context.out));
    }
    return layout->create(volume, [&](const sys::Dir& target, const sys::Fd& userns) {
        return fill_from_archive(context, draft.source, target, userns);
    });
}

// What is not there in the shared tree is not in the container either: most templates have no cron.
bool may_have_cron(const storage::Traits& traits, const storage::Volume& volume) {
    return !traits.shares_template || sys::exists(volume.template_tree + "/etc/crontab");
}

Result<void> spread_cron_jobs(const Draft& draft, const storage::Volume& volume) {
    const auto layout = storage_for(draft.newborn.container.layout());
    if (!may_have_cron(layout->traits(), volume))
        return {};
    VZ_ASSIGN(const auto userns, sys::make_userns(volume.ids));
    VZ_ASSIGN(auto mount, layout->open(volume));
    const sys::Dir root(std::move(mount));
    VZ_TRY(sys::run_as_container_root(userns, [&]() -> Result<std::string> {
        VZ_TRY(guest::spread_cron_jobs(root, draft.newborn.container.uuid()));
        return std::string();
    }));
    return {};
}

Result<void> create_in_steps(const Context& context, const CreateRequest& request, config::Ctid ctid) {
    const auto& host = context.host;
    VZ_TRY(finish(host, ctid));
    VZ_ASSIGN(auto plan, draft(context, request, ctid));
    Cleanup undo([&] { (void)finish(host, ctid); });
    VZ_TRY(plan.newborn.claim(context, request.ids, {}));
    VZ_ASSIGN(auto volume, plan.newborn.volume_aside());
    volume.template_tree =
        plan.source.tree_path; // btrfs and lvmthin copy theirs, which NUM.conf does not name
    VZ_TRY(check_space(plan));
    context.out.info(format("Creating container private area ({})", plan.source.name));
    VZ_TRY(make_private_area(context, plan, volume));
    VZ_TRY(set_first_limits(context, plan.newborn, volume, {request.changes, request.sample.has_value()}));
    context.out.info("Performing postcreate actions");
    if (auto spread = spread_cron_jobs(plan, volume); !spread)
        context.out.warning(format("the times of its cron jobs are the template's: {}", spread.error().what));
    VZ_TRY(plan.newborn.publish(context));
    undo.dismiss();
    VZ_TRY(finish(host, ctid));
    if (auto script = run_host_scripts(plan.newborn.container, "create", Order::global_first); !script) {
        (void)destroy(Context{host, context.engine, silent_reporter(), true}, ctid);
        return script;
    }
    context.out.info("Container private area was created");
    return {};
}

} // namespace

Result<config::Ctid> create(const Context& context, const CreateRequest& request,
                            const std::function<void(config::Ctid)>& announce) {
    VZ_TRY(ensure_folders(context.host));
    finish_pending(context);
    const sys::Interrupts interrupts; // before the lock, which must be gone when a signal ends us
    auto made = with_new_ctid(context, request.ctid, interrupts,
                              {[&](config::Ctid ctid) { return create_in_steps(context, request, ctid); }});
    if (!made)
        return made;
    if (announce)
        announce(*made);
    interrupts.drop();
    return made;
}

} // namespace vz::ops
