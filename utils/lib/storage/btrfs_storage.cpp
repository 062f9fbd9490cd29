// SPDX-License-Identifier: GPL-2.0-or-later
// Layout "btrfs": in the private area lie the container's root file system "fs", a subvolume mounted
// id-mapped, and its snapshots, read-only subvolumes. Templates are read-only subvolumes in ".templates"
// beside the private areas, named after what they were unpacked from; each container begins as a snapshot of
// one.
#include "area.hpp"
#include "btrfs.hpp"
#include "vz/base/scope.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/lock.hpp"
#include "vz/sys/mount.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vz::storage {

namespace {

std::string files_of(const Volume& volume) {
    return volume.private_area + "/fs";
}

std::string templates_of(const Volume& volume) {
    return area::parent_of(volume.private_area) + "/.templates";
}

std::string template_of(const Volume& volume) {
    return templates_of(volume) + volume.template_tree.substr(volume.template_tree.rfind('/'));
}

Result<void> sync_subvolume(const std::string& path) {
    const sys::Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd || ::syncfs(fd.get()) != 0)
        return sys_fail(errno, errno == ENOSPC ? Errc::no_disk_space : Errc::system, "sync {}", path);
    return {};
}

Result<void> fill_subvolume(const std::string& path, const sys::IdRange& ids, const Fill& fill) {
    const auto userns = sys::make_userns(ids);
    if (!userns)
        return userns.error();
    VZ_ASSIGN(auto mount, sys::clone_mount_mapped(path, *userns));
    return fill(sys::Dir(std::move(mount)), *userns);
}

class BtrfsStorage : public Storage {
public:
    Traits traits() const override {
        return {.instant_create = true, .instant_clone = true, .snapshots = true};
    }

    Result<void> create(const Volume& volume, const Fill& fill) const override {
        VZ_TRY(make_folder(volume));
        if (!fill || volume.template_tree.empty()) {
            VZ_TRY(btrfs::create(files_of(volume)));
            return fill ? fill_subvolume(files_of(volume), volume.ids, fill) : Result<void>();
        }
        VZ_TRY(ensure_template(volume, fill));
        return btrfs::snapshot(template_of(volume), files_of(volume), btrfs::Kind::writable);
    }

    Result<void> remove(const Volume& volume) const override {
        struct stat st {};
        // Whoever put a link there keeps what it leads to.
        if (::lstat(volume.private_area.c_str(), &st) == 0 && S_ISDIR(st.st_mode)) {
            VZ_ASSIGN(const auto snapshots, list_snapshots(volume));
            for (const auto& id : snapshots)
                VZ_TRY(remove_snapshot(volume, id));
            VZ_TRY(btrfs::remove(coming_of(volume)).as(Errc::delete_private));
            VZ_TRY(btrfs::remove(files_of(volume)).as(Errc::delete_private));
        }
        return area::remove(volume);
    }

    Result<sys::Fd> open(const Volume& volume) const override {
        VZ_ASSIGN(const auto userns, sys::make_userns(volume.ids));
        VZ_TRY(check_there(volume));
        return sys::clone_mount_mapped(files_of(volume), userns);
    }

    Result<Files> files(const Volume& volume) const override {
        VZ_TRY(check_there(volume));
        VZ_ASSIGN(auto tree, sys::clone_mount(files_of(volume)));
        return Files{sys::Dir(std::move(tree)), {0, 0, volume.ids.count}};
    }

    Result<void> clone(const Volume& source, const Volume& target) const override {
        VZ_TRY(check_there(source));
        VZ_TRY(make_folder(target));
        VZ_TRY(sync_subvolume(files_of(source)));
        return btrfs::snapshot(files_of(source), files_of(target), btrfs::Kind::writable);
    }

    Result<void> take_snapshot(const Volume& volume, const std::string& id) const override {
        VZ_ASSIGN(const auto path, snapshot_path(volume, id));
        VZ_TRY(check_there(volume));
        VZ_TRY(sys::make_dirs(area::parent_of(path), 0700));
        VZ_TRY(sync_subvolume(files_of(volume)));
        return btrfs::snapshot(files_of(volume), path, btrfs::Kind::read_only).as(Errc::snapshot_create);
    }

    Result<void> rollback(const Volume& volume, const std::string& id) const override {
        VZ_ASSIGN(const auto path, snapshot_path(volume, id));
        if (!btrfs::is_subvolume(path))
            return fail(Errc::snapshot_switch, "snapshot {} does not exist", id);
        const auto coming = coming_of(volume);
        VZ_TRY(btrfs::remove(coming)); // a killed one
        VZ_TRY(btrfs::snapshot(path, coming, btrfs::Kind::writable).as(Errc::snapshot_switch));
        if (::renameat2(AT_FDCWD, coming.c_str(), AT_FDCWD, files_of(volume).c_str(), RENAME_EXCHANGE) != 0)
            return sys_fail(errno, Errc::snapshot_switch, "switch to snapshot {}", id);
        VZ_TRY(sys::fsync_dir(volume.private_area));
        return btrfs::remove(coming).as(Errc::snapshot_switch);
    }

    Result<void> remove_snapshot(const Volume& volume, const std::string& id) const override {
        VZ_ASSIGN(const auto path, snapshot_path(volume, id));
        return btrfs::remove(path).as(Errc::snapshot_delete);
    }

    Result<sys::Fd> open_snapshot(const Volume& volume, const std::string& id) const override {
        VZ_ASSIGN(const auto path, snapshot_path(volume, id));
        if (!btrfs::is_subvolume(path))
            return fail(Errc::snapshot_mount, "snapshot {} does not exist", id);
        VZ_ASSIGN(const auto userns, sys::make_userns(volume.ids));
        VZ_ASSIGN(auto mount, sys::clone_mount_mapped(path, userns));
        VZ_TRY(sys::set_mount_access(mount, sys::Access::read_only));
        return mount;
    }

    Result<Layers> layers(const Volume& volume, const std::string& snapshot) const override {
        VZ_ASSIGN(const auto path, snapshot_path(volume, snapshot));
        VZ_ASSIGN(auto mount, sys::clone_mount(path));
        Layers out;
        out.folders.push_back({sys::Dir(std::move(mount)), {0, 0, volume.ids.count}});
        return out;
    }
    using Storage::layers;

    Result<std::vector<std::string>> list_snapshots(const Volume& volume) const override {
        return area::list_snapshots(volume.private_area + "/snapshots");
    }

    Result<void> set_limits(const Volume& volume, const DiskLimits& limits, Reporter& out) const override {
        if (limits.inodes < units::unlimited && limits.insist_on_inodes)
            return area::no_inode_limit();
        VZ_TRY(check_there(volume));
        return btrfs::set_limit(files_of(volume), limits, out);
    }

    Result<std::optional<DiskUsage>> usage(const Volume& volume) const override {
        return btrfs::usage(files_of(volume));
    }

private:
    static std::string coming_of(const Volume& volume) { return volume.private_area + "/rollback"; }

    static Result<std::string> snapshot_path(const Volume& volume, const std::string& id) {
        VZ_TRY(area::check_snapshot_id(id));
        return format("{}/snapshots/{}", volume.private_area, id);
    }

    static Result<void> check_there(const Volume& volume) {
        if (btrfs::is_subvolume(files_of(volume)))
            return {};
        return fail(Errc::no_private, "{} is not a btrfs subvolume: is its file system mounted?",
                    files_of(volume));
    }

    static Result<void> make_folder(const Volume& volume) {
        const auto& path = volume.private_area;
        if (!btrfs::is_on(area::parent_of(path)))
            return fail(Errc::unknown_mount_type,
                        "layout btrfs needs VE_PRIVATE on a btrfs file system, and {} is on another one",
                        area::parent_of(path));
        if (::mkdir(path.c_str(), 0755) != 0)
            return sys_fail(errno, errno == ENOSPC ? Errc::no_disk_space : Errc::create_private, "mkdir {}",
                            path);
        return {};
    }

    // Unpacked aside and named when it is complete; whoever wants the same one meanwhile waits.
    static Result<void> ensure_template(const Volume& volume, const Fill& fill) {
        const auto ready = template_of(volume);
        if (btrfs::is_subvolume(ready))
            return {};
        VZ_TRY(sys::make_dirs(templates_of(volume), 0700));
        const auto name = ready.substr(ready.rfind('/') + 1);
        const auto aside = templates_of(volume) + "/.tmp-" + name;
        VZ_ASSIGN(const auto lock, sys::FileLock::acquire(templates_of(volume) + "/.lock-" + name, "tree",
                                                          area::k_template_patience));
        if (!lock)
            return fail(Errc::locked, "template {}: another process does not finish with it", name);
        if (btrfs::is_subvolume(ready))
            return {};
        VZ_TRY(btrfs::remove(aside));
        VZ_TRY(btrfs::create(aside));
        Cleanup undo([&] { (void)btrfs::remove(aside); });
        VZ_TRY(fill_subvolume(aside, volume.ids, fill));
        VZ_TRY(btrfs::set_read_only(aside));
        VZ_TRY(sys::rename_durably(aside, ready));
        undo.dismiss();
        return {};
    }
};

} // namespace

std::unique_ptr<Storage> make_btrfs_storage() {
    return std::make_unique<BtrfsStorage>();
}

} // namespace vz::storage
