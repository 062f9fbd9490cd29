// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/pending.hpp"

#include "vz/base/json.hpp"
#include "vz/base/text.hpp"
#include "vz/config/registry.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/mount.hpp"

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

Json to_json(const Pending& pending) {
    Json json;
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
    Pending pending{
        strings_of(json->find("scratch")),   strings_of(json->find("paths")), std::nullopt,
        strings_of(json->find("addresses")), json->string_or("name"),         json->string_or("tree")};
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
    for (const auto& path : pending->scratch)
        VZ_TRY(remove_path(path));
    if (!sys::exists(host.paths.ct_conf(ctid))) {
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
