// SPDX-License-Identifier: GPL-2.0-or-later
#include "newborn.hpp"

#include "census.hpp"
#include "net_policy.hpp"
#include "volume.hpp"
#include "vz/base/scope.hpp"
#include "vz/base/text.hpp"
#include "vz/config/registry.hpp"
#include "vz/ops/create.hpp"
#include "vz/ops/pending.hpp"
#include "vz/ops/runtime.hpp"
#include "vz/storage/id_pool.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/mount.hpp"
#include "vz/templates/store.hpp"

#include <algorithm>
#include <sys/stat.h>
#include <unistd.h>

namespace vz::ops {

namespace {

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

Result<void> check_unique(const Context& context, const config::Container& container, const Census& census) {
    const auto addresses = configured_addresses(container, context.out);
    VZ_TRY(check_addresses_free(census, addresses));
    VZ_TRY(check_addresses_of_host(context, container.ctid(), addresses));
    return container.name().empty() ? Result<void>() : check_name_free(census, container.name());
}

Result<sys::IdRange> free_ids(const storage::IdPool& pool, const Census& census,
                              const std::optional<sys::IdRange>& wanted) {
    if (!wanted)
        return storage::choose_range(pool, census.ranges);
    for (const auto& range : census.ranges)
        if (storage::overlap(range, *wanted))
            return fail(Errc::bad_value, "ids {} to {} belong to another container", wanted->uid_base,
                        wanted->uid_base + wanted->count - 1);
    return *wanted;
}

// What the steps left when they died. They may have come to an end but for the last action script.
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
Result<void> deliver(const Context& context, config::Ctid ctid, const sys::Interrupts& interrupts,
                     const Birth& birth) {
    const bool had_conf = sys::exists(context.host.paths.ct_conf(ctid));
    VZ_TRY(interrupts.run(
        [&]() -> Result<std::string> {
            VZ_TRY(birth.steps(ctid));
            return std::string();
        },
        [&] {
            birth.interrupted();
            take_back(context, ctid, had_conf);
        }));
    return {};
}

Result<config::Ctid> deliver_next_free(const Context& context, const sys::Interrupts& interrupts,
                                       const Birth& birth) {
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
        VZ_TRY(deliver(context, ctid, interrupts, birth));
        return ctid;
    }
    return fail(Errc::no_resources, "no container id is free");
}

} // namespace

Result<Newborn> Newborn::make(const config::Host& host, config::Ctid ctid, config::ConfFile conf,
                              bool conf_exists, std::string_view layout) {
    config::Container container(host, ctid, std::move(conf));
    VZ_ASSIGN(const auto chosen, choose_layout(container, layout));
    // Written down although they are the defaults: a later change of vz.conf must not move an existing
    // container.
    VZ_TRY(container.conf().set("VE_LAYOUT", config::layout_name(chosen)));
    if (!conf_exists) {
        VZ_TRY(container.conf().set("VE_ROOT", container.get_or("VE_ROOT", "/var/lib/vz/root/$VEID")));
        VZ_TRY(
            container.conf().set("VE_PRIVATE", container.get_or("VE_PRIVATE", "/var/lib/vz/private/$VEID")));
    }
    VZ_TRY(config::check_folders(container));
    VZ_TRY(write_down_storage(container));
    VZ_TRY(check_private_area(container.private_area()));
    if (is_running(host.paths, ctid))
        return fail(Errc::running, "Container is running");
    auto scratch = container.private_area() + ".tmp";
    return Newborn{std::move(container), conf_exists, std::move(scratch)};
}

Result<void> Newborn::claim(const Context& context, const std::optional<sys::IdRange>& wanted_ids,
                            const std::vector<std::string>& scripts) {
    const auto& host = context.host;
    VZ_ASSIGN(const auto lock, lock_census(host));
    VZ_ASSIGN(const auto census, take_census(host, container.ctid()));
    VZ_TRY(check_unique(context, container, census));
    VZ_ASSIGN(const auto pool, storage::parse_id_pool(host.get("VE_IDS")));
    VZ_ASSIGN(const auto ids, free_ids(pool, census, wanted_ids ? wanted_ids : container.id_range()));
    VZ_TRY(container.conf().set("LOCAL_UID", std::to_string(ids.uid_base)));
    VZ_TRY(container.conf().set("LOCAL_GID", std::to_string(ids.gid_base)));
    VZ_TRY(storage::ensure_delegation(host.paths.subid_file("subuid"), host.paths.subid_file("subgid"), ids,
                                      pool));
    Pending pending;
    pending.areas = {area_of(container)};
    pending.scratch_areas = pending.areas;
    pending.scratch_areas[0].path = scratch;
    pending.paths = scripts;
    pending.ids = ids;
    pending.addresses = container.addresses();
    pending.name = container.name();
    pending.tree = container.template_id();
    return announce(host, container.ctid(), pending);
}

Result<storage::Volume> Newborn::volume_aside() const {
    VZ_ASSIGN(auto volume, volume_of(container));
    volume.private_area = scratch;
    volume.size = disk_limits_of(container).bytes;
    VZ_TRY(sys::make_dirs(scratch.substr(0, scratch.rfind('/')), 0700));
    return volume;
}

Result<void> Newborn::publish(const Context& context) const {
    const auto conf_path = context.host.paths.ct_conf(container.ctid());
    ::rmdir(container.private_area().c_str()); // an empty one was allowed
    if (conf_exists)
        VZ_TRY(container.save());
    VZ_TRY(sys::rename_durably(scratch, container.private_area()).as(Errc::create_private));
    if (!conf_exists)
        VZ_TRY(sys::create_file_atomic(conf_path, container.conf().text()).as(Errc::save_config));
    Cleanup undo([&] {
        if (!conf_exists)
            ::unlink(conf_path.c_str());
    });
    VZ_TRY(config::link_name(context.host.paths, container.ctid(), container.name()));
    undo.dismiss();
    ::unlink((conf_path + ".destroyed").c_str());
    context.out.info(format("CT configuration saved to {}", conf_path));
    return {};
}

Result<void> add_changes(config::ConfFile& conf, Changes changes, const std::vector<std::string>& ip_add) {
    VZ_TRY(merge_changes([&](auto key) { return conf.get(key).value_or(""); }, changes));
    for (const auto& [key, value] : changes)
        VZ_TRY(conf.set(key, value));
    std::vector<std::string> addresses = text::words(conf.get("IP_ADDRESS").value_or(""));
    for (const auto& text : ip_add) {
        VZ_ASSIGN(const auto address, network::Address::parse(text));
        if (std::find(addresses.begin(), addresses.end(), address.text()) == addresses.end())
            addresses.push_back(address.text());
    }
    return addresses.empty() ? Result<void>() : conf.set("IP_ADDRESS", text::join(addresses, " "));
}

Result<void> set_first_limits(const Context& context, const Newborn& newborn, const storage::Volume& volume,
                              const AskedFor& asked) {
    const auto is_given = [&](std::string_view key) {
        return std::any_of(asked.changes.begin(), asked.changes.end(),
                           [&](const auto& change) { return change.first == key; });
    };
    auto limits = disk_limits_of(newborn.container);
    limits.insist = is_given("DISKSPACE") || is_given("DISKINODES");
    limits.insist_on_inodes = is_given("DISKINODES");
    auto done = storage_for(newborn.container.layout())->set_limits(volume, limits, context.out);
    if (done || limits.insist)
        return done;
    if (asked.sample || done.error().sys_errno != 0)
        context.out.warning(done.error().what);
    return {};
}

Result<config::Ctid> with_new_ctid(const Context& context, const std::optional<config::Ctid>& wanted,
                                   const sys::Interrupts& interrupts, const Birth& birth) {
    if (!wanted)
        return deliver_next_free(context, interrupts, birth);
    if (wanted->value() <= 100)
        return fail(Errc::bad_value, "container ids up to 100 are reserved");
    VZ_ASSIGN(const auto lock, lock_container(context, *wanted, "creating"));
    VZ_TRY(deliver(context, *wanted, interrupts, birth));
    return *wanted;
}

} // namespace vz::ops
