// SPDX-License-Identifier: GPL-2.0-or-later
// Layouts "lvm" and "lvmthin": a logical volume with an ext4 of its own for each container, named after the
// container's uuid. The private area is a folder that only says where: its link "device" is made before the
// volume, so that a killed command leaves nothing that is not known. Thin volumes begin as snapshots of one
// that holds the template.
#include "area.hpp"
#include "lvm.hpp"
#include "lvm_template.hpp"
#include "lvm_volume.hpp"
#include "project_quota.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace vz::storage {

namespace {

using lvm_volume::k_slack;
using lvm_volume::Kind;

class LvmStorage : public Storage {
public:
    explicit LvmStorage(Kind kind) : m_kind(kind), m_thin(kind == Kind::thin) {}

    Traits traits() const override {
        return {.instant_create = m_thin,
                .instant_clone = m_thin,
                .snapshots = m_thin,
                .own_device = true,
                .inode_limit = true};
    }

    Result<void> create(const Volume& volume, const Fill& fill) const override {
        VZ_TRY(check_group(volume));
        VZ_TRY(make_folder(volume));
        if (m_thin && fill && !volume.template_tree.empty()) {
            VZ_ASSIGN(const auto ready, ensure_thin_template(volume, fill));
            if (ready.size <= lvm_volume::size_of(volume) + k_slack)
                return create_from_template(volume, ready);
        }
        VZ_TRY(lvm_volume::make(m_kind, volume, name_of(volume), lvm_volume::size_of(volume)));
        return lvm_volume::fill(m_kind, volume, name_of(volume), fill);
    }

    // The link is made before the volume and goes after it: without it there is nothing of this area's. An
    // area under another name may have volumes of the same names.
    Result<void> remove(const Volume& volume) const override {
        if (!announces(volume))
            return area::remove(volume);
        VZ_ASSIGN(const auto volumes,
                  lvm::list(volume.volume_group, name_of(volume)).as(Errc::delete_private));
        VZ_TRY(lvm::remove(volume.volume_group, volumes));
        return area::remove(volume);
    }

    Result<void> check_removable(const Volume& volume) const override {
        VZ_TRY(Storage::check_removable(volume));
        if (!announces(volume))
            return {};
        const auto volumes = lvm::list(volume.volume_group, name_of(volume));
        return volumes ? Result<void>()
                       : fail(Errc::delete_private, "{}; if it is lost for good, remove {} first",
                              volumes.error().what, volume.private_area);
    }

    Result<sys::Fd> open(const Volume& volume) const override {
        VZ_TRY(settle(volume));
        if (m_thin && !volume.thin_pool.empty())
            VZ_TRY(lvm::check_pool_for_writing(volume.volume_group, volume.thin_pool));
        return open_mapped(volume, name_of(volume), sys::Access::read_write);
    }

    Result<Files> files(const Volume& volume) const override {
        VZ_TRY(settle(volume));
        VZ_ASSIGN(auto mount,
                  lvm_volume::mount_raw(m_kind, volume, name_of(volume), sys::Access::read_write));
        return Files{sys::Dir(std::move(mount)), {0, 0, volume.ids.count}};
    }

    Result<void> clone(const Volume& source, const Volume& target) const override {
        VZ_TRY(settle(source));
        VZ_TRY(check_group(target));
        VZ_ASSIGN(const auto original, lvm::find(source.volume_group, name_of(source)));
        if (!original)
            return lvm::activate(source.volume_group, name_of(source)); // says what is wrong
        VZ_TRY(make_folder(target));
        if (m_thin && source.volume_group == target.volume_group)
            return lvm::snapshot(source.volume_group, name_of(source), name_of(target));
        VZ_TRY(lvm_volume::make(m_kind, target, name_of(target), original->size));
        VZ_TRY(lvm_volume::fill(m_kind, target, name_of(target), {}));
        return copy_files(*this, source, *this, target);
    }

    Result<void> take_snapshot(const Volume& volume, const std::string& id) const override {
        if (!m_thin)
            return Storage::take_snapshot(volume, id);
        VZ_ASSIGN(const auto name, snapshot_name(volume, id));
        VZ_TRY(settle(volume));
        VZ_TRY(lvm::check_pool(volume.volume_group, volume.thin_pool).as(Errc::snapshot_create));
        return lvm::snapshot(volume.volume_group, name_of(volume), name).as(Errc::snapshot_create);
    }

    // The volume gets the name "-old" before the new one gets its name: what settle() finds in between it
    // ends.
    Result<void> rollback(const Volume& volume, const std::string& id) const override {
        if (!m_thin)
            return Storage::rollback(volume, id);
        VZ_ASSIGN(const auto name, snapshot_name(volume, id));
        VZ_TRY(settle(volume));
        const auto& group = volume.volume_group;
        VZ_ASSIGN(const auto snapshot, lvm::find(group, name));
        if (!snapshot)
            return fail(Errc::snapshot_switch, "snapshot {} does not exist", id);
        VZ_TRY(lvm_volume::remove_if_there(volume, coming(volume)));
        VZ_TRY(lvm_volume::remove_if_there(volume, old(volume)));
        VZ_TRY(lvm::snapshot(group, name, coming(volume)).as(Errc::snapshot_switch));
        VZ_TRY(lvm::rename(group, name_of(volume), old(volume)).as(Errc::snapshot_switch));
        VZ_TRY(lvm::rename(group, coming(volume), name_of(volume)).as(Errc::snapshot_switch));
        return lvm_volume::remove_if_there(volume, old(volume));
    }

    Result<void> remove_snapshot(const Volume& volume, const std::string& id) const override {
        VZ_ASSIGN(const auto name, snapshot_name(volume, id));
        return m_thin ? lvm_volume::remove_if_there(volume, name).as(Errc::snapshot_delete) : Result<void>();
    }

    Result<sys::Fd> open_snapshot(const Volume& volume, const std::string& id) const override {
        if (!m_thin)
            return Storage::open_snapshot(volume, id);
        VZ_ASSIGN(const auto name, snapshot_name(volume, id));
        return open_mapped(volume, name, sys::Access::read_only).as(Errc::snapshot_mount);
    }

    Result<Layers> layers(const Volume& volume, const std::string& snapshot) const override {
        if (!m_thin)
            return Storage::layers(volume, snapshot);
        VZ_ASSIGN(const auto name, snapshot_name(volume, snapshot));
        VZ_ASSIGN(auto mount, lvm_volume::mount_raw(m_kind, volume, name, sys::Access::read_only));
        Layers out;
        out.folders.push_back({sys::Dir(std::move(mount)), {0, 0, volume.ids.count}});
        return out;
    }
    using Storage::layers;

    Result<std::vector<std::string>> list_snapshots(const Volume& volume) const override {
        std::vector<std::string> ids;
        if (!m_thin)
            return ids;
        const auto prefix = name_of(volume) + "-";
        VZ_ASSIGN(const auto volumes, lvm::list(volume.volume_group, prefix));
        for (const auto& one : volumes)
            if (auto id = one.name.substr(prefix.size()); area::check_snapshot_id(id))
                ids.push_back(std::move(id));
        return ids;
    }

    Result<void> set_limits(const Volume& volume, const DiskLimits& limits, Reporter&) const override {
        VZ_TRY(settle(volume));
        VZ_TRY(lvm_volume::resize(m_kind, volume, name_of(volume), limits));
        VZ_ASSIGN(const auto mount,
                  lvm_volume::mount_raw(m_kind, volume, name_of(volume), sys::Access::read_write));
        return project::set_limits(format("/proc/self/fd/{}", mount.get()), {.inodes = limits.inodes},
                                   silent_reporter());
    }

    // Only of a mounted one: mounting writes.
    Result<std::optional<DiskUsage>> usage(const Volume& volume) const override {
        struct stat root {};
        struct stat device {};
        struct statvfs fs {};
        const auto path = lvm::device(volume.volume_group, name_of(volume));
        if (::stat(path.c_str(), &device) != 0 || ::stat(volume.root.c_str(), &root) != 0 ||
            root.st_dev != device.st_rdev || ::statvfs(volume.root.c_str(), &fs) != 0)
            return std::optional<DiskUsage>{};
        return std::optional(DiskUsage{(fs.f_blocks - fs.f_bfree) * fs.f_frsize, fs.f_files - fs.f_ffree});
    }

private:
    std::string name_of(const Volume& volume) const { return (m_thin ? "vz-thin-" : "vz-") + volume.uuid; }
    std::string coming(const Volume& volume) const { return name_of(volume) + "-new"; }
    std::string old(const Volume& volume) const { return name_of(volume) + "-old"; }
    static std::string link_of(const Volume& volume) { return volume.private_area + "/device"; }

    static bool announces(const Volume& volume) {
        struct stat st {};
        return !volume.uuid.empty() && ::lstat(volume.private_area.c_str(), &st) == 0 &&
               S_ISDIR(st.st_mode) && ::lstat(link_of(volume).c_str(), &st) == 0;
    }

    Result<std::string> snapshot_name(const Volume& volume, const std::string& id) const {
        VZ_TRY(area::check_snapshot_id(id));
        return name_of(volume) + "-" + id;
    }

    Result<void> check_group(const Volume& volume) const {
        if (volume.uuid.empty())
            return fail(Errc::bad_config, "VE_UUID is missing: the container's volume is named after it");
        if (volume.volume_group.empty())
            return fail(Errc::unknown_mount_type,
                        "layout {} needs VE_VOLUME_GROUP in vz.conf: a volume group for the containers "
                        "(docs/storage.md)",
                        m_thin ? "lvmthin" : "lvm");
        if (m_thin)
            return lvm::check_pool(volume.volume_group, volume.thin_pool);
        const auto volumes = lvm::list(volume.volume_group, name_of(volume));
        return volumes ? Result<void>() : Result<void>(volumes.error()).as(Errc::unknown_mount_type);
    }

    Result<void> make_folder(const Volume& volume) const {
        const auto& path = volume.private_area;
        if (::mkdir(path.c_str(), 0755) != 0)
            return sys_fail(errno, errno == ENOSPC ? Errc::no_disk_space : Errc::create_private, "mkdir {}",
                            path);
        const auto target = lvm::device(volume.volume_group, name_of(volume));
        if (::symlink(target.c_str(), link_of(volume).c_str()) != 0)
            return sys_fail(errno, Errc::create_private, "link {}", link_of(volume));
        return sys::fsync_dir(path);
    }

    Result<sys::Fd> open_mapped(const Volume& volume, const std::string& name, sys::Access access) const {
        VZ_ASSIGN(auto mount, lvm_volume::mount_raw(m_kind, volume, name, access));
        VZ_ASSIGN(const auto userns, sys::make_userns(volume.ids));
        VZ_TRY(sys::map_owners(mount, userns, name));
        return mount;
    }

    // A rollback that was killed between its two renames is ended.
    Result<void> settle(const Volume& volume) const {
        const auto& group = volume.volume_group;
        if (!m_thin || sys::exists(lvm::device(group, name_of(volume))))
            return {};
        VZ_ASSIGN(const auto volumes, lvm::list(group, name_of(volume)));
        const auto has = [&](const std::string& name) {
            return std::any_of(volumes.begin(), volumes.end(),
                               [&](const auto& one) { return one.name == name; });
        };
        if (has(name_of(volume)) || !has(coming(volume)) || !has(old(volume)))
            return {};
        VZ_TRY(lvm::rename(group, coming(volume), name_of(volume)));
        return lvm_volume::remove_if_there(volume, old(volume));
    }

    Result<void> create_from_template(const Volume& volume, const lvm::LogicalVolume& ready) const {
        const auto& group = volume.volume_group;
        const auto name = name_of(volume);
        VZ_TRY(lvm::snapshot(group, ready.name, name));
        if (ready.size >= lvm_volume::size_of(volume))
            return {};
        VZ_TRY(lvm::extend(group, name, lvm_volume::size_of(volume)));
        return lvm_volume::grow_into(m_kind, volume, name);
    }

    Kind m_kind;
    bool m_thin;
};

} // namespace

std::unique_ptr<Storage> make_lvm_storage() {
    return std::make_unique<LvmStorage>(Kind::thick);
}

std::unique_ptr<Storage> make_lvmthin_storage() {
    return std::make_unique<LvmStorage>(Kind::thin);
}

} // namespace vz::storage
