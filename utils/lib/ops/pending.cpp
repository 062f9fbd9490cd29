// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/pending.hpp"

#include "snapshot_record.hpp"
#include "volume.hpp"
#include "vz/base/json.hpp"
#include "vz/base/text.hpp"
#include "vz/config/registry.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/mount.hpp"

#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

namespace vz::ops {

namespace {

std::string folder(const config::Host& host) {
    return host.paths.data_dir() + "/pending";
}

std::string record_path(const config::Host& host, config::Ctid ctid) {
    return format("{}/{}", folder(host), ctid.value());
}

std::vector<std::string> strings_of(const Json* array) {
    std::vector<std::string> out;
    if (array && array->as_array())
        for (const auto& item : *array->as_array())
            if (item.as_string())
                out.push_back(*item.as_string());
    return out;
}

Json to_json(const Area& area) {
    Json json;
    json.set("layout", std::string(config::layout_name(area.layout)));
    json.set("path", area.path);
    json.set("uuid", area.uuid);
    json.set("volume_group", area.volume_group);
    json.set("thin_pool", area.thin_pool);
    return json;
}

Area read_area(const Json& json) {
    return {config::parse_layout(json.string_or("layout")).value_or(config::Layout::dir),
            json.string_or("path"), json.string_or("uuid"), json.string_or("volume_group"),
            json.string_or("thin_pool")};
}

Json to_json(const std::vector<Area>& areas) {
    Json::Array out;
    for (const auto& area : areas)
        out.push_back(to_json(area));
    return Json(std::move(out));
}

std::vector<Area> areas_in(const Json* array) {
    std::vector<Area> out;
    if (array && array->as_array())
        for (const auto& item : *array->as_array())
            out.push_back(read_area(item));
    return out;
}

Json to_json(const Swap& swap) {
    Json json;
    json.set("aside", to_json(swap.aside));
    json.set("current", to_json(swap.current));
    json.set("aside_inode", swap.aside_inode);
    json.set("key", swap.key);
    json.set("value", swap.value);
    return json;
}

std::optional<Swap> read_swap(const Json* json) {
    const Json* aside = json ? json->find("aside") : nullptr;
    const Json* current = json ? json->find("current") : nullptr;
    const Json* inode = json ? json->find("aside_inode") : nullptr;
    if (!aside || !current || !inode)
        return std::nullopt;
    return Swap{read_area(*aside), read_area(*current), inode->as_uint(), json->string_or("key"),
                json->string_or("value")};
}

Json to_json(const Rollback& rollback) {
    Json json;
    json.set("id", rollback.id);
    json.set("conf", rollback.conf);
    return json;
}

Json to_json(const Pending& pending) {
    Json json;
    if (pending.rollback)
        json.set("rollback", to_json(*pending.rollback));
    json.set("snapshot", pending.snapshot);
    json.set("scratch_areas", to_json(pending.scratch_areas));
    json.set("areas", to_json(pending.areas));
    if (pending.swap)
        json.set("swap", to_json(*pending.swap));
    json.set("scratch", Json::strings(pending.scratch));
    json.set("paths", Json::strings(pending.paths));
    json.set("addresses", Json::strings(pending.addresses));
    json.set("name", pending.name);
    json.set("tree", pending.tree);
    if (pending.ids) {
        json.set("uid_base", pending.ids->uid_base);
        json.set("gid_base", pending.ids->gid_base);
    }
    return json;
}

std::optional<Pending> read_record(const std::string& path) {
    const auto content = sys::read_file(path);
    if (!content || !*content)
        return std::nullopt;
    const auto json = Json::parse(**content);
    if (!json)
        return Pending{};
    Pending pending;
    if (const Json* rollback = json->find("rollback"))
        pending.rollback = Rollback{rollback->string_or("id"), rollback->string_or("conf")};
    pending.snapshot = json->string_or("snapshot");
    pending.scratch_areas = areas_in(json->find("scratch_areas"));
    pending.areas = areas_in(json->find("areas"));
    pending.swap = read_swap(json->find("swap"));
    pending.scratch = strings_of(json->find("scratch"));
    pending.paths = strings_of(json->find("paths"));
    pending.addresses = strings_of(json->find("addresses"));
    pending.name = json->string_or("name");
    pending.tree = json->string_or("tree");
    const Json* uid = json->find("uid_base");
    const Json* gid = json->find("gid_base");
    if (uid && gid)
        pending.ids = sys::IdRange{static_cast<std::uint32_t>(uid->as_uint()),
                                   static_cast<std::uint32_t>(gid->as_uint())};
    return pending;
}

Result<void> remove_path(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos || slash == 0)
        return fail(Errc::delete_private, "not removing {}", path);
    auto parent = sys::Dir::open(path.substr(0, slash));
    if (!parent)
        return parent.error().sys_errno == ENOENT ? Result<void>() : Result<void>(std::move(parent).error());
    return parent->remove_tree(path.substr(slash + 1)).as(Errc::delete_private);
}

Result<void> remove_area(const Area& area) {
    storage::Volume volume;
    volume.private_area = area.path;
    volume.uuid = area.uuid;
    volume.volume_group = area.volume_group;
    volume.thin_pool = area.thin_pool;
    return storage_for(area.layout)->remove(volume);
}

std::uint64_t inode_of(const std::string& path) {
    struct stat st {};
    return ::lstat(path.c_str(), &st) == 0 ? st.st_ino : 0;
}

// Before the decision the new area goes; after it, the new one takes the old one's place, and the old one
// goes.
Result<void> finish_swap(const config::Host& host, config::Ctid ctid, const Swap& swap) {
    const auto container = config::load_container(host, ctid);
    if (!container && container.error().code != Errc::no_container_config)
        return container.error(); // broken just now: whoever repairs it decides
    // Without a key the exchange itself decides, and both areas have one layout.
    const bool decided = container && !swap.key.empty() && container->get_own(swap.key) == swap.value;
    if (!decided)
        return remove_area(swap.aside);
    if (swap.aside_inode != 0 && inode_of(swap.aside.path) == swap.aside_inode)
        VZ_TRY(sys::exchange_durably(swap.aside.path, swap.current.path));
    auto old = swap.current;
    old.path = swap.aside.path;
    return remove_area(old);
}

std::vector<config::Ctid> pending_ids(const config::Host& host) {
    std::vector<config::Ctid> ids;
    const auto dir = sys::Dir::open(folder(host));
    const auto names = dir ? dir->list() : Result<std::vector<std::string>>(std::vector<std::string>{});
    if (names)
        for (const auto& name : *names)
            if (const auto ctid = config::Ctid::parse(name))
                ids.push_back(*ctid);
    return ids;
}

} // namespace

Area area_of(const config::Container& container) {
    return {container.layout(), container.private_area(), container.uuid(),
            container.get_or("VE_VOLUME_GROUP", ""), container.get_or("VE_THIN_POOL", "")};
}

Result<void> announce(const config::Host& host, config::Ctid ctid, const Pending& pending) {
    return sys::write_file_atomic(record_path(host, ctid), to_json(pending).dump(2) + "\n", 0600);
}

Result<void> finish(const config::Host& host, config::Ctid ctid) {
    sys::sweep_temporaries(folder(host), ctid.text());
    sys::sweep_temporaries(host.paths.conf_dir(), ctid.text() + ".conf");
    const auto record = record_path(host, ctid);
    const auto pending = read_record(record);
    if (!pending)
        return {};
    if (pending->rollback && sys::exists(host.paths.ct_conf(ctid)))
        if (auto done = finish_rollback(host, ctid, *pending->rollback); !done) {
            // It must not be tried again when the container is in use some day.
            if (done.error().code == Errc::snapshot_switch)
                ::unlink(record.c_str());
            return done;
        }
    if (!pending->snapshot.empty() && sys::exists(host.paths.ct_conf(ctid)))
        VZ_TRY(finish_snapshot(host, ctid, pending->snapshot));
    if (pending->swap)
        VZ_TRY(finish_swap(host, ctid, *pending->swap));
    for (const auto& area : pending->scratch_areas)
        VZ_TRY(remove_area(area));
    for (const auto& path : pending->scratch)
        VZ_TRY(remove_path(path));
    if (!sys::exists(host.paths.ct_conf(ctid))) {
        for (const auto& area : pending->areas)
            VZ_TRY(remove_area(area));
        for (const auto& path : pending->paths)
            VZ_TRY(remove_path(path));
        VZ_TRY(config::link_name(host.paths, ctid, ""));
    }
    if (::unlink(record.c_str()) != 0 && errno != ENOENT)
        return sys_fail(errno, Errc::system, "unlink {}", record);
    return {};
}

void finish_pending(const Context& context) {
    sys::sweep_temporaries(context.host.paths.conf_dir());
    sys::sweep_temporaries(folder(context.host));
    for (const auto ctid : pending_ids(context.host)) {
        const auto lock = sys::FileLock::acquire(context.host.lock_file(ctid), "cleaning");
        if (!lock || !*lock)
            continue;
        if (auto done = finish(context.host, ctid); !done)
            context.out.warning(format("finish interrupted work on {}: {}", ctid.value(), done.error().what));
    }
}

std::optional<Pending> pending_of(const config::Host& host, config::Ctid ctid) {
    return read_record(record_path(host, ctid));
}

std::vector<Pending> all_pending(const config::Host& host) {
    std::vector<Pending> out;
    for (const auto ctid : pending_ids(host))
        if (auto pending = read_record(record_path(host, ctid)))
            out.push_back(*std::move(pending));
    return out;
}

Result<std::vector<std::string>> trees_in_use(const config::Host& host) {
    std::vector<std::string> trees;
    for (const auto& pending : all_pending(host))
        if (!pending.tree.empty())
            trees.push_back(pending.tree);
    VZ_ASSIGN(const auto ids, config::list_ctids(host.paths));
    for (const auto ctid : ids) {
        // A configuration that cannot be read might name any tree: nobody may remove one then.
        VZ_ASSIGN(const auto container, config::load_container(host, ctid));
        if (!container.template_id().empty())
            trees.push_back(container.template_id());
    }
    return trees;
}

} // namespace vz::ops
