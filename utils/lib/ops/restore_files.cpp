// SPDX-License-Identifier: GPL-2.0-or-later
#include "restore_files.hpp"

#include "restored_devices.hpp"
#include "volume.hpp"
#include "vz/guest/init.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/mount.hpp"
#include "vz/unpack/backup.hpp"
#include "vz/unpack/unpack.hpp"

namespace vz::ops {

namespace {

std::string name_of(const std::string& tree_id) {
    return tree_id.substr(0, tree_id.rfind('@'));
}

Result<std::string> proven_archive(const Context& context, const backup::Depot& depot,
                                   const backup::Part& part) {
    const auto path = depot.path(part.name);
    if (!sys::exists(path))
        return fail(Errc::failed, "{} is missing, and the backup lies on this template", path);
    VZ_ASSIGN(const auto sha256, unpack::sha256_of_file(path, context.out));
    if (sha256 != part.sha256)
        return fail(Errc::failed, "{} is damaged: its SHA-256 is not that of the backup's head", path);
    return path;
}

// What is unpacked before the backup's own files; "" if nothing.
std::string archive_below(const RestoreOrigin& origin, const storage::Traits& traits) {
    if (!origin.head)
        return origin.source.archive;
    return origin.head->on_template && !traits.shares_template ? origin.on_template->archive : "";
}

Result<void> check_bootable(const sys::Dir& root, const sys::Fd& userns) {
    VZ_TRY(sys::run_as_container_root(userns, [&]() -> Result<std::string> {
        VZ_TRY(guest::check_bootable(root));
        return std::string();
    }));
    return {};
}

// vzdump's own files lie among the container's.
Result<void> drop_vzdump_files(const sys::Dir& root, const sys::Fd& userns) {
    VZ_TRY(sys::run_as_container_root(userns, [&]() -> Result<std::string> {
        VZ_TRY(root.remove_tree("etc/vzdump"));
        return std::string();
    }));
    return {};
}

} // namespace

Result<templates::Template> template_of(const Context& context, const backup::Depot& depot,
                                        const backup::OnTemplate& wanted, bool shared) {
    const auto name = name_of(wanted.tree_id);
    const templates::Store store(context.host.template_dir());
    const auto found = store.find(name, context.out);
    if (found && found->tree_id == wanted.tree_id)
        return found;
    if (!found && found.error().code != Errc::template_not_found)
        return found;
    templates::Template kept;
    kept.name = name;
    kept.tree_id = wanted.tree_id;
    kept.tree_path = format("{}/tree/{}", store.folder(), wanted.tree_id);
    kept.tree_ready = sys::exists(kept.tree_path);
    if (shared && kept.tree_ready)
        return kept; // containers of this host use it still
    if (shared && found)
        return fail(
            Errc::bad_template,
            "the backup lies on template {}, but this host has another one of that name: restore with "
            "--layout dir, or import {} under its name on a host without it",
            wanted.tree_id, depot.path(wanted.archive.name));
    VZ_ASSIGN(kept.archive, proven_archive(context, depot, wanted.archive));
    kept.sha256 = wanted.archive.sha256;
    if (!shared)
        return kept;
    context.out.info(format("Importing the template {}", wanted.tree_id));
    VZ_ASSIGN(auto imported, store.import(kept.archive, name, context.out));
    if (imported.tree_id != wanted.tree_id)
        return fail(Errc::bad_template, "{}: is template {}, not {}", kept.archive, imported.tree_id,
                    wanted.tree_id);
    return imported;
}

Result<void> make_volume(const Context& context, const config::Container& container,
                         const storage::Volume& volume, const RestoreOrigin& origin) {
    const auto layout = storage_for(container.layout());
    const bool shares = layout->traits().shares_template;
    if (shares && origin.on_template && !origin.on_template->tree_ready) {
        const templates::Store store(context.host.template_dir());
        VZ_TRY(store.ensure_tree(*origin.on_template, context.out));
    }
    VZ_TRY(layout->create(volume, {}));
    return fill_volume(context, container, volume, origin);
}

Result<void> fill_volume(const Context& context, const config::Container& container,
                         const storage::Volume& volume, const RestoreOrigin& origin) {
    const auto layout = storage_for(container.layout());
    VZ_ASSIGN(const auto userns, sys::make_userns(volume.ids));
    std::vector<backup::Entry> left;
    {
        VZ_ASSIGN(auto mount, layout->open(volume));
        const sys::Dir root(std::move(mount));
        if (const auto archive = archive_below(origin, layout->traits()); !archive.empty())
            VZ_TRY(unpack::extract({archive, root, userns, {}, context.out}));
        if (origin.head) {
            VZ_ASSIGN(auto restored,
                      unpack::restore_backup(
                          {*origin.source.depot, origin.head->id, root, userns, {}, context.out}));
            left = std::move(restored.left);
        } else {
            VZ_TRY(drop_vzdump_files(root, userns));
        }
        VZ_TRY(check_bootable(root, userns));
    }
    if (left.empty())
        return {};
    VZ_ASSIGN(const auto files, layout->files(volume));
    return make_devices(files, left);
}

} // namespace vz::ops
