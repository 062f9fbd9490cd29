// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/create.hpp"

#include "census.hpp"
#include "ct_limits.hpp"
#include "net_policy.hpp"
#include "sample.hpp"
#include "volume.hpp"
#include "vz/archive/extract.hpp"
#include "vz/base/scope.hpp"
#include "vz/base/text.hpp"
#include "vz/config/registry.hpp"
#include "vz/guest/init.hpp"
#include "vz/ops/pending.hpp"
#include "vz/ops/runtime.hpp"
#include "vz/ops/scripts.hpp"
#include "vz/storage/id_pool.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/interrupts.hpp"
#include "vz/sys/mount.hpp"
#include "vz/templates/store.hpp"

#include <algorithm>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace vz::ops {

namespace {

// What create needs to know, decided before anything is made.
struct Draft {
    config::Container container;
    templates::Template source;
    bool conf_exists = false;
    std::string scratch;           // the private area while it is being made
    bool insist_on_limits = false; // --diskspace or --diskinodes were given
    bool insist_on_inodes = false;
    bool sample_was_chosen = false;
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

bool is_empty_folder(const std::string& path) {
    const auto dir = sys::Dir::open(path);
    const auto names = dir ? dir->list() : Result<std::vector<std::string>>(Error{});
    return names && names->empty();
}

Result<void> check_private_area(const std::string& path) {
    struct stat st {};
    if (::lstat(path.c_str(), &st) != 0)
        return {};
    if (sys::is_mount_point(path))
        return fail(Errc::create_private,
                    "Can't create: private area {0} is a mount point; choose a folder in it, e.g. --private "
                    "{0}/private",
                    path);
    if (!S_ISDIR(st.st_mode) || !is_empty_folder(path))
        return fail(Errc::private_exists, "Private area already exists in {}", path);
    return {};
}

std::string parent_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

Result<void> add_changes(config::ConfFile& conf, const CreateRequest& request,
                         const templates::Template& source) {
    auto changes = request.changes;
    VZ_TRY(merge_changes([&](auto key) { return conf.get(key).value_or(""); }, changes));
    for (const auto& [key, value] : changes)
        VZ_TRY(conf.set(key, value));
    VZ_TRY(conf.set("OSTEMPLATE", source.name));
    std::vector<std::string> addresses = text::words(conf.get("IP_ADDRESS").value_or(""));
    for (const auto& text : request.ip_add) {
        VZ_ASSIGN(const auto address, network::Address::parse(text));
        if (std::find(addresses.begin(), addresses.end(), address.text()) == addresses.end())
            addresses.push_back(address.text());
    }
    return addresses.empty() ? Result<void>() : conf.set("IP_ADDRESS", text::join(addresses, " "));
}

Result<Draft> draft(const Context& context, const CreateRequest& request, config::Ctid ctid) {
    const auto& host = context.host;
    bool conf_exists = false;
    VZ_ASSIGN(auto conf, starting_conf(host, request, ctid, conf_exists));
    const auto wanted = !request.template_name.empty()
                            ? request.template_name
                            : conf.get("OSTEMPLATE").value_or(host.get("DEF_OSTEMPLATE"));
    VZ_ASSIGN(auto source, find_template(host, wanted, context.out));
    VZ_TRY(add_changes(conf, request, source));
    config::Container container(host, ctid, std::move(conf));
    VZ_TRY(check_limits(container, request.changes));
    VZ_ASSIGN(const auto layout,
              choose_layout(container, request.layout.value_or(container.get_or("VE_LAYOUT", "overlay"))));
    // Written down although they are the defaults: a later change of vz.conf must not move an existing
    // container.
    VZ_TRY(container.conf().set("VE_LAYOUT", config::layout_name(layout)));
    if (!conf_exists) {
        VZ_TRY(container.conf().set("VE_ROOT", container.get_or("VE_ROOT", "/var/lib/vz/root/$VEID")));
        VZ_TRY(
            container.conf().set("VE_PRIVATE", container.get_or("VE_PRIVATE", "/var/lib/vz/private/$VEID")));
    }
    VZ_TRY(config::check_folders(container));
    VZ_TRY(write_down_storage(container));
    if (storage_for(layout)->traits().shares_template)
        VZ_TRY(container.conf().set("VE_TEMPLATE", source.tree_id));
    auto scratch = container.private_area() + ".tmp";
    const auto given = [&](std::string_view key) {
        return std::any_of(request.changes.begin(), request.changes.end(),
                           [&](const auto& change) { return change.first == key; });
    };
    return Draft{std::move(container),
                 std::move(source),
                 conf_exists,
                 std::move(scratch),
                 given("DISKSPACE") || given("DISKINODES"),
                 given("DISKINODES"),
                 request.sample.has_value()};
}

// Refuses early what cannot fit: a copy needs more than the archive, an overlay room for its first changes.
Result<void> check_space(const Draft& draft) {
    const auto folder = parent_of(draft.container.private_area());
    struct stat archive {};
    const bool copies = !storage_for(draft.container.layout())->traits().instant_create;
    const auto size = copies && ::stat(draft.source.archive.c_str(), &archive) == 0 ? archive.st_size : 0;
    const auto needed = static_cast<std::uint64_t>(size) + (4 << 20);
    struct statvfs fs {};
    if (::statvfs(folder.c_str(), &fs) == 0 && std::uint64_t{fs.f_bavail} * fs.f_frsize < needed)
        return fail(Errc::no_disk_space, "not enough disk space in {}: at least {} MB are needed", folder,
                    needed >> 20);
    return {};
}

// Whether a neighbour has them is asked at each start: that takes time, and the answer changes.
Result<void> check_addresses_of_host(const Context& context, config::Ctid ctid,
                                     const std::vector<network::Address>& addresses) {
    if (addresses.empty())
        return {};
    const network::Routed routed(network_policy(context.host, context.out));
    VZ_ASSIGN(const auto conflicts, routed.find_conflicts(addresses, ctid.value(), network::Probe::none));
    if (conflicts.empty())
        return {};
    return fail(Errc::ip_in_use, "IP address {} is already in use by {}", conflicts[0].address.text(),
                text::printable(conflicts[0].owner));
}

// Chooses what must be unique and announces it, so that nobody else takes it meanwhile.
Result<void> claim(const Context& context, Draft& draft, const CreateRequest& request) {
    const auto& host = context.host;
    auto& container = draft.container;
    VZ_ASSIGN(const auto lock, lock_census(host));
    VZ_ASSIGN(const auto census, take_census(host, container.ctid()));
    const auto addresses = configured_addresses(container, context.out);
    VZ_TRY(check_addresses_free(census, addresses));
    VZ_TRY(check_addresses_of_host(context, container.ctid(), addresses));
    if (!container.name().empty())
        VZ_TRY(check_name_free(census, container.name()));
    VZ_ASSIGN(const auto pool, storage::parse_id_pool(host.get("VE_IDS")));
    auto ids = request.ids ? request.ids : container.id_range();
    if (!ids) {
        VZ_ASSIGN(ids, storage::choose_range(pool, census.ranges));
    }
    for (const auto& range : census.ranges)
        if (storage::overlap(range, *ids))
            return fail(Errc::bad_value, "ids {} to {} belong to another container", ids->uid_base,
                        ids->uid_base + ids->count - 1);
    VZ_TRY(container.conf().set("LOCAL_UID", std::to_string(ids->uid_base)));
    VZ_TRY(container.conf().set("LOCAL_GID", std::to_string(ids->gid_base)));
    VZ_TRY(storage::ensure_delegation(host.paths.subid_file("subuid"), host.paths.subid_file("subgid"), *ids,
                                      pool));
    Pending pending;
    pending.areas = {area_of(container)};
    pending.scratch_areas = pending.areas;
    pending.scratch_areas[0].path = draft.scratch;
    pending.ids = ids;
    pending.addresses = container.addresses();
    pending.name = container.name();
    pending.tree = container.template_id();
    return announce(host, container.ctid(), pending);
}

Result<void> fill_from_archive(const Context& context, const templates::Template& source,
                               const sys::Dir& target, const sys::Fd& userns) {
    VZ_TRY(archive::extract({source.archive, target, userns, {}, context.out}));
    // A template of unknown origin may hold anything; better to refuse it here than at the first start.
    VZ_TRY(sys::run_as_container_root(userns, [&]() -> Result<std::string> {
        VZ_TRY(guest::check_bootable(target));
        return std::string();
    }));
    return {};
}

// A limit that only a sample asks for is worth a warning where it cannot be had, not a failure; and nothing
// when nobody asked for the sample.
Result<void> limit_new_area(const Context& context, const Draft& draft, const storage::Volume& volume) {
    auto limits = disk_limits_of(draft.container);
    limits.insist = draft.insist_on_limits;
    limits.insist_on_inodes = draft.insist_on_inodes;
    auto done = storage_for(draft.container.layout())->set_limits(volume, limits, context.out);
    if (done || limits.insist)
        return done;
    if (draft.sample_was_chosen || done.error().sys_errno != 0)
        context.out.warning(done.error().what);
    return {};
}

Result<void> make_private_area(const Context& context, Draft& draft) {
    const auto& container = draft.container;
    const auto layout = storage_for(container.layout());
    if (layout->traits().shares_template) {
        const templates::Store store(context.host.template_dir());
        VZ_TRY(store.ensure_tree(draft.source, context.out));
    }
    VZ_ASSIGN(auto volume, volume_of(container));
    volume.private_area = draft.scratch;
    volume.template_tree = draft.source.tree_path;
    volume.size = disk_limits_of(container).bytes;
    VZ_TRY(sys::make_dirs(parent_of(draft.scratch), 0700));
    VZ_TRY(layout->create(volume, [&](const sys::Dir& target, const sys::Fd& userns) {
        return fill_from_archive(context, draft.source, target, userns);
    }));
    return limit_new_area(context, draft, volume);
}

// NUM.conf is what makes a container exist. One that was there before makes it exist only with the private
// area.
Result<void> publish(const Context& context, const Draft& draft) {
    const auto& container = draft.container;
    const auto conf_path = context.host.paths.ct_conf(container.ctid());
    ::rmdir(container.private_area().c_str()); // an empty one was allowed
    if (draft.conf_exists)
        VZ_TRY(container.save());
    VZ_TRY(sys::rename_durably(draft.scratch, container.private_area()).as(Errc::create_private));
    if (!draft.conf_exists)
        VZ_TRY(sys::create_file_atomic(conf_path, container.conf().text()).as(Errc::save_config));
    Cleanup undo([&] {
        if (!draft.conf_exists)
            ::unlink(conf_path.c_str());
    });
    VZ_TRY(config::link_name(context.host.paths, container.ctid(), container.name()));
    undo.dismiss();
    ::unlink((conf_path + ".destroyed").c_str());
    context.out.info(format("CT configuration saved to {}", conf_path));
    return {};
}

Result<void> create_in_steps(const Context& context, const CreateRequest& request, config::Ctid ctid) {
    const auto& host = context.host;
    VZ_TRY(finish(host, ctid));
    VZ_ASSIGN(auto plan, draft(context, request, ctid));
    VZ_TRY(check_private_area(plan.container.private_area()));
    if (is_running(host.paths, ctid))
        return fail(Errc::running, "Container is running");
    Cleanup undo([&] { (void)finish(host, ctid); });
    VZ_TRY(claim(context, plan, request));
    VZ_TRY(sys::make_dirs(parent_of(plan.container.private_area()), 0700));
    VZ_TRY(check_space(plan));
    context.out.info(format("Creating container private area ({})", plan.source.name));
    VZ_TRY(make_private_area(context, plan));
    context.out.info("Performing postcreate actions");
    VZ_TRY(publish(context, plan));
    undo.dismiss();
    VZ_TRY(finish(host, ctid));
    if (auto script = run_host_scripts(plan.container, "create", Order::global_first); !script) {
        (void)destroy(Context{host, context.engine, silent_reporter(), true}, ctid);
        return script;
    }
    context.out.info("Container private area was created");
    return {};
}

// What create_in_steps() left when it died. It may have come to an end but for the last action script.
void take_back(const Context& context, config::Ctid ctid, bool had_conf) {
    const auto& host = context.host;
    const auto conf_path = host.paths.ct_conf(ctid);
    context.out.progress("cleaning up", 0, 0);
    if (!had_conf && sys::exists(conf_path)) {
        (void)destroy(Context{host, context.engine, silent_reporter(), true}, ctid);
        ::unlink((conf_path + ".destroyed").c_str());
    }
    auto done = finish(host, ctid);
    storage::sweep_delegation(host.paths.subid_file("subuid"), host.paths.subid_file("subgid"));
    sweep_census(host);
    if (done)
        done = templates::Store(host.template_dir()).sweep_trees();
    context.out.progress_done();
    context.out.warning(done ? format("Interrupted: nothing of container {} is left", ctid.value())
                             : format("Interrupted; clean up: {}", done.error().what));
}

// The caller holds the container's lock.
Result<void> create_locked(const Context& context, const CreateRequest& request, config::Ctid ctid,
                           const sys::Interrupts& interrupts) {
    const bool had_conf = sys::exists(context.host.paths.ct_conf(ctid));
    VZ_TRY(interrupts.run(
        [&]() -> Result<std::string> {
            VZ_TRY(create_in_steps(context, request, ctid));
            return std::string();
        },
        [&] { take_back(context, ctid, had_conf); }));
    return {};
}

// The lowest id from 101 up without configuration, files or another command at work on it.
Result<config::Ctid> create_next_free(const Context& context, const CreateRequest& request,
                                      const sys::Interrupts& interrupts) {
    VZ_ASSIGN(const auto used, config::list_ctids(context.host.paths));
    std::size_t at = 0;
    for (auto n = config::Ctid::k_first_free; n <= config::Ctid::k_max; ++n) {
        const config::Ctid ctid(n);
        while (at < used.size() && used[at] < ctid)
            ++at;
        if ((at < used.size() && used[at] == ctid) || sys::exists(context.host.ve_private(ctid)))
            continue;
        VZ_ASSIGN(const auto lock, sys::FileLock::acquire(context.host.lock_file(ctid), "creating"));
        if (!lock || sys::exists(context.host.paths.ct_conf(ctid)))
            continue;
        VZ_TRY(create_locked(context, request, ctid, interrupts));
        return ctid;
    }
    return fail(Errc::no_resources, "no container id is free");
}

Result<config::Ctid> create_as(const Context& context, const CreateRequest& request, config::Ctid ctid,
                               const sys::Interrupts& interrupts) {
    if (ctid.value() <= 100)
        return fail(Errc::bad_value, "container ids up to 100 are reserved");
    VZ_ASSIGN(const auto lock, lock_container(context, ctid, "creating"));
    VZ_TRY(create_locked(context, request, ctid, interrupts));
    return ctid;
}

} // namespace

Result<config::Ctid> create(const Context& context, const CreateRequest& request,
                            const std::function<void(config::Ctid)>& announce) {
    VZ_TRY(ensure_folders(context.host));
    finish_pending(context);
    const sys::Interrupts interrupts; // before the lock, which must be gone when a signal ends us
    auto made = request.ctid ? create_as(context, request, *request.ctid, interrupts)
                             : create_next_free(context, request, interrupts);
    if (!made)
        return made;
    if (announce)
        announce(*made);
    interrupts.drop();
    return made;
}

} // namespace vz::ops
