// SPDX-License-Identifier: GPL-2.0-or-later
// Layout "overlay": lower = the shared template tree through an id-mapped mount, upper and work = plain
// folders of the private area owned by the container's root (an id-mapped upper would make the overlay
// read-only).
#include "area.hpp"
#include "layers.hpp"
#include "overlay_index.hpp"
#include "overlay_mount.hpp"
#include "project_quota.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/mount.hpp"
#include "vz/sys/tree_copy.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vz::storage {

namespace {

Result<void> remove_folder(const std::string& path) {
    const auto slash = path.rfind('/');
    auto parent = sys::Dir::open(path.substr(0, slash));
    if (!parent)
        return parent.error().sys_errno == ENOENT ? Result<void>() : Result<void>(std::move(parent).error());
    return parent->remove_tree(path.substr(slash + 1));
}

Result<sys::Dir> raw(const std::string& path) {
    VZ_ASSIGN(auto mount, sys::clone_mount(path));
    return sys::Dir(std::move(mount));
}

// The index (work/index) joins the several names that a file has in the template, once one of them is
// changed: without it a copy would show old content under the others. It must be copied together with the
// upper layer, hard links between the two included, and without the entries of folders: those hold handles of
// the original.
Result<void> copy_layers(const std::string& from, const sys::IdRange& owner, const std::string& to,
                         const sys::IdRange& new_owner) {
    VZ_ASSIGN(const auto source, raw(from));
    VZ_ASSIGN(const auto target, raw(to));
    sys::TreeCopy copy{source, target, owner, new_owner};
    copy.keep_trusted = true;
    copy.wants = [](std::string_view path, mode_t mode) {
        constexpr std::string_view k_index = "work/index/";
        if (path == "upper" || path.substr(0, 6) == "upper/")
            return true;
        if (path == "work" || path == "work/index")
            return S_ISDIR(mode);
        return path.substr(0, k_index.size()) == k_index && S_ISREG(mode);
    };
    VZ_TRY(sys::copy_tree(copy));
    const sys::Fd fd(::openat(target.fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::syncfs(fd.get()) != 0)
        return sys_fail(errno, errno == ENOSPC ? Errc::no_disk_space : Errc::system,
                        "write the copied files");
    return {};
}

// Two overlays cannot have the same upper (overlayfs.rst, index=on): if it can be had, nobody else has it.
bool is_in_use(const Volume& volume, const std::string& folder) {
    return sys::is_mount_point(volume.root) || !open_overlay(volume, folder);
}

// Whether it became a layer.
Result<bool> freeze_if_worth(const Volume& volume, const std::string& folder) {
    if (!layers::is_worth_freezing(volume, folder) || is_in_use(volume, folder))
        return false;
    const auto done = layers::freeze(volume, folder);
    if (!done && done.error().sys_errno != EXDEV)
        return done.error();
    return done.has_value();
}

// Layers that others go on sharing must not count against the next container of that number.
void release_layers(const Volume& volume, const std::vector<std::string>& snapshots) {
    const auto project = project::of(volume.private_area);
    if (!project)
        return;
    std::vector<std::string> folders = {volume.private_area};
    for (const auto& id : snapshots)
        folders.push_back(format("{}/snapshots/{}", volume.private_area, id));
    for (const auto& folder : folders)
        if (const auto shared = layers::below(volume, folder))
            for (const auto& layer : *shared)
                project::release(layer.path, *project);
}

// Puts into the empty overlay `to` what `from`, which may be in use, has above the template. Much of it
// becomes a layer that both share, if nobody is writing there.
Result<void> copy_or_share(const Volume& volume, const std::string& from, const Volume& target,
                           const std::string& to) {
    VZ_ASSIGN(const bool frozen, freeze_if_worth(volume, from));
    if (layers::has_any(from) || layers::has_any(target.private_area))
        VZ_TRY(layers::share(from, to));
    if (!frozen)
        return copy_layers(from, volume.ids, to, target.ids);
    // Nothing is left to be copied, nor to be waited for until it is on disk.
    VZ_TRY(layers::copy_root_attributes(from, volume.ids, to, target.ids));
    return layers::sweep(volume);
}

class OverlayStorage : public Storage {
public:
    Traits traits() const override {
        return {.shares_template = true,
                .instant_create = true,
                .instant_clone = true,
                .snapshots = true,
                .inode_limit = true};
    }

    Result<void> create(const Volume& volume, const Fill&) const override {
        VZ_TRY(area::create(volume));
        return layers::make_empty(volume.private_area, volume.ids);
    }

    Result<void> remove(const Volume& volume) const override {
        release_layers(volume, list_snapshots(volume).value_or({}));
        VZ_TRY(area::remove(volume));
        return layers::sweep(volume).as(Errc::delete_private);
    }

    Result<sys::Fd> open(const Volume& volume) const override {
        VZ_TRY(settle(volume));
        return open_overlay(volume, volume.private_area);
    }

    Result<Files> files(const Volume& volume) const override {
        VZ_ASSIGN(auto mount, open(volume));
        return Files{sys::Dir(std::move(mount)), volume.ids};
    }

    Result<void> clone(const Volume& source, const Volume& target) const override {
        VZ_TRY(settle(source));
        VZ_TRY(create(target, {}));
        const auto& from = source.private_area;
        if (area::parent_of(from) == area::parent_of(target.private_area))
            return copy_or_share(source, from, target, target.private_area);
        // There, layers are out of reach.
        return layers::has_any(from) ? copy_files(*this, source, *this, target)
                                     : copy_layers(from, source.ids, target.private_area, target.ids);
    }

    Result<void> take_snapshot(const Volume& volume, const std::string& id) const override {
        VZ_TRY(settle(volume));
        VZ_ASSIGN(const auto finished, snapshot_path(volume, id));
        if (sys::exists(finished))
            return fail(Errc::snapshot_create, "snapshot {} exists already", id);
        VZ_TRY(copy_aside(volume, volume.private_area).as(Errc::snapshot_create));
        return sys::rename_durably(aside_of(volume), finished).as(Errc::snapshot_create);
    }

    Result<void> rollback(const Volume& volume, const std::string& id) const override {
        VZ_TRY(settle(volume));
        VZ_ASSIGN(const auto snapshot, snapshot_path(volume, id));
        if (!sys::exists(snapshot))
            return fail(Errc::snapshot_switch, "snapshot {} does not exist", id);
        VZ_TRY(layers::settle(volume, snapshot).as(Errc::snapshot_switch));
        VZ_TRY(copy_aside(volume, snapshot).as(Errc::snapshot_switch));
        // From this name on it is done: whoever comes next settles it.
        VZ_TRY(sys::rename_durably(aside_of(volume), coming_of(volume)).as(Errc::snapshot_switch));
        return settle(volume).as(Errc::snapshot_switch);
    }

    Result<void> remove_snapshot(const Volume& volume, const std::string& id) const override {
        VZ_ASSIGN(const auto snapshot, snapshot_path(volume, id));
        VZ_TRY(remove_folder(aside_of(volume)));
        VZ_TRY(remove_folder(snapshot).as(Errc::snapshot_delete));
        return layers::sweep(volume).as(Errc::snapshot_delete);
    }

    Result<sys::Fd> open_snapshot(const Volume& volume, const std::string& id) const override {
        VZ_ASSIGN(const auto snapshot, snapshot_path(volume, id));
        if (!sys::exists(snapshot))
            return fail(Errc::snapshot_mount, "snapshot {} does not exist", id);
        VZ_TRY(layers::settle(volume, snapshot));
        VZ_ASSIGN(auto mount, open_overlay(volume, snapshot));
        VZ_TRY(sys::set_mount_access(mount, sys::Access::read_only));
        return mount;
    }

    Result<Layers> layers(const Volume& volume) const override {
        VZ_TRY(settle(volume));
        return layers_in(volume, volume.private_area);
    }

    Result<Layers> layers(const Volume& volume, const std::string& snapshot) const override {
        VZ_ASSIGN(const auto path, snapshot_path(volume, snapshot));
        VZ_TRY(layers::settle(volume, path));
        return layers_in(volume, path);
    }

    Result<std::vector<std::string>> list_snapshots(const Volume& volume) const override {
        return area::list_snapshots(volume.private_area + "/snapshots");
    }

    Result<void> set_limits(const Volume& volume, const DiskLimits& limits, Reporter& out) const override {
        return area::set_limits(volume, limits, out);
    }

    Result<std::optional<DiskUsage>> usage(const Volume& volume) const override {
        return area::usage(volume);
    }

private:
    static std::string aside_of(const Volume& volume) { return volume.private_area + "/snapshots/.new"; }
    static std::string coming_of(const Volume& volume) { return volume.private_area + "/rollback"; }

    static Result<std::string> snapshot_path(const Volume& volume, const std::string& id) {
        VZ_TRY(area::check_snapshot_id(id));
        return format("{}/snapshots/{}", volume.private_area, id);
    }

    static Result<Layers> layers_in(const Volume& volume, const std::string& folder) {
        VZ_ASSIGN(auto all, layers::below(volume, folder));
        all.insert(all.begin(), {folder + "/upper", volume.ids});
        Layers out;
        out.on_template = true;
        for (const auto& layer : all) {
            VZ_ASSIGN(auto mount, sys::clone_mount(layer.path));
            out.folders.push_back({sys::Dir(std::move(mount)), layer.owners});
        }
        VZ_TRY(add_joined(volume, folder, out));
        return out;
    }

    static Result<void> add_joined(const Volume& volume, const std::string& folder, Layers& layers) {
        if (!overlay_index::joins_names(folder))
            return {};
        VZ_ASSIGN(const auto tree, sys::Dir::open(volume.template_tree));
        std::vector<const sys::Dir*> seen;
        for (const auto& layer : layers.folders)
            seen.push_back(&layer.root);
        seen.push_back(&tree);
        VZ_ASSIGN(layers.joined, overlay_index::joined_names(folder, seen));
        if (layers.joined.empty())
            return {};
        VZ_ASSIGN(auto index, sys::clone_mount(overlay_index::folder_of(folder)));
        layers.index = Files{sys::Dir(std::move(index)), volume.ids};
        return {};
    }

    static Result<void> copy_aside(const Volume& volume, const std::string& from) {
        VZ_TRY(sys::make_dirs(volume.private_area + "/snapshots", 0700));
        const auto aside = aside_of(volume);
        VZ_TRY(remove_folder(aside));
        VZ_TRY(sys::make_dirs(aside, 0700));
        VZ_TRY(layers::make_empty(aside, volume.ids));
        return copy_or_share(volume, from, volume, aside);
    }

    // Ends a rollback that was decided: upper, work and layers belong together, but cannot be replaced in one
    // step.
    static Result<void> settle(const Volume& volume) {
        VZ_TRY(layers::settle(volume, volume.private_area));
        const auto coming = coming_of(volume);
        if (!sys::exists(coming))
            return {};
        for (const char* layer : {"/upper", "/work", "/layers"})
            if (sys::exists(coming + layer)) {
                VZ_TRY(remove_folder(volume.private_area + layer));
                VZ_TRY(sys::rename_durably(coming + layer, volume.private_area + layer));
            }
        VZ_TRY(remove_folder(coming));
        return layers::sweep(volume);
    }
};

} // namespace

std::unique_ptr<Storage> make_overlay_storage() {
    return std::make_unique<OverlayStorage>();
}

} // namespace vz::storage
