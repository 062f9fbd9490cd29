// SPDX-License-Identifier: GPL-2.0-or-later
// Layouts "lvm" and "lvmthin": a logical volume with an ext4 of its own for each container, named after the
// container's uuid. The private area is a folder that only says where: its link "device" is made before the
// volume, so that a killed command leaves nothing that is not known. Thin volumes begin as snapshots of one
// that holds the template.
#include "area.hpp"
#include "lvm.hpp"
#include "project_quota.hpp"
#include "vz/base/scope.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/lock.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace vz::storage {

namespace {

constexpr std::uint64_t k_default_size = std::uint64_t{10} << 30;
constexpr std::uint64_t k_template_size = std::uint64_t{2} << 30; // grows with the container; cannot shrink
constexpr std::uint64_t k_smallest = 16 << 20;                    // an ext4 with a journal
constexpr std::uint64_t k_slack = 16 << 20;                       // sizes are rounded up to whole extents

std::string fd_path(const sys::Fd& fd) {
    return format("/proc/self/fd/{}", fd.get());
}

std::uint64_t size_of(const Volume& volume) {
    const bool given = volume.size > 0 && volume.size < units::unlimited;
    return std::max(given ? volume.size : k_default_size, k_smallest);
}

Result<void> flush(const sys::Fd& mount) {
    const sys::Fd fd(::openat(mount.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::syncfs(fd.get()) != 0)
        return sys_fail(errno, errno == ENOSPC ? Errc::no_disk_space : Errc::system,
                        "write the new file system");
    return {};
}

class LvmStorage : public Storage {
public:
    explicit LvmStorage(bool thin) : m_thin(thin) {}

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
            VZ_ASSIGN(const auto ready, ensure_template(volume, fill));
            if (ready.size <= size_of(volume) + k_slack)
                return create_from_template(volume, ready);
        }
        VZ_TRY(make_volume(volume, name_of(volume), size_of(volume)));
        return fill_volume(volume, name_of(volume), fill);
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
        VZ_ASSIGN(auto mount, mount_raw(volume, name_of(volume), sys::Access::read_write));
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
        VZ_TRY(make_volume(target, name_of(target), original->size));
        VZ_TRY(fill_volume(target, name_of(target), {}));
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
        VZ_TRY(remove_if_there(volume, coming(volume)));
        VZ_TRY(remove_if_there(volume, old(volume)));
        VZ_TRY(lvm::snapshot(group, name, coming(volume)).as(Errc::snapshot_switch));
        VZ_TRY(lvm::rename(group, name_of(volume), old(volume)).as(Errc::snapshot_switch));
        VZ_TRY(lvm::rename(group, coming(volume), name_of(volume)).as(Errc::snapshot_switch));
        return remove_if_there(volume, old(volume));
    }

    Result<void> remove_snapshot(const Volume& volume, const std::string& id) const override {
        VZ_ASSIGN(const auto name, snapshot_name(volume, id));
        return m_thin ? remove_if_there(volume, name).as(Errc::snapshot_delete) : Result<void>();
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
        VZ_ASSIGN(auto mount, mount_raw(volume, name, sys::Access::read_only));
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
        VZ_TRY(resize(volume, limits));
        VZ_ASSIGN(const auto mount, mount_raw(volume, name_of(volume), sys::Access::read_write));
        return project::set_limits(fd_path(mount), {.inodes = limits.inodes}, silent_reporter());
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

    Result<void> make_volume(const Volume& volume, const std::string& name, std::uint64_t bytes) const {
        const auto& group = volume.volume_group;
        VZ_TRY(m_thin ? lvm::create_thin(group, volume.thin_pool, name, bytes)
                      : lvm::create(group, name, bytes));
        return lvm::make_ext4(lvm::device(group, name));
    }

    Result<void> fill_volume(const Volume& volume, const std::string& name, const Fill& fill) const {
        VZ_ASSIGN(auto raw, mount_raw(volume, name, sys::Access::read_write));
        VZ_TRY(sys::Dir(sys::Fd(::fcntl(raw.get(), F_DUPFD_CLOEXEC, 3))).remove_tree("lost+found"));
        project::adopt(fd_path(raw), project::id_of(volume.number));
        if (!fill)
            return flush(raw);
        VZ_ASSIGN(const auto userns, sys::make_userns(volume.ids));
        VZ_TRY(sys::map_owners(raw, userns, name));
        const sys::Dir target(sys::Fd(::fcntl(raw.get(), F_DUPFD_CLOEXEC, 3)));
        VZ_TRY(fill(target, userns));
        return flush(raw);
    }

    Result<sys::Fd> mount_raw(const Volume& volume, const std::string& name, sys::Access access) const {
        VZ_TRY(lvm::activate(volume.volume_group, name));
        return lvm::mount_ext4(lvm::device(volume.volume_group, name), access,
                               m_thin ? lvm::Discard::yes : lvm::Discard::no);
    }

    Result<sys::Fd> open_mapped(const Volume& volume, const std::string& name, sys::Access access) const {
        VZ_ASSIGN(auto mount, mount_raw(volume, name, access));
        VZ_ASSIGN(const auto userns, sys::make_userns(volume.ids));
        VZ_TRY(sys::map_owners(mount, userns, name));
        return mount;
    }

    Result<void> remove_if_there(const Volume& volume, const std::string& name) const {
        VZ_ASSIGN(const auto found, lvm::find(volume.volume_group, name));
        return found ? lvm::remove(volume.volume_group, {*found}) : Result<void>();
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
        return remove_if_there(volume, old(volume));
    }

    static std::string template_name(const Volume& volume) {
        const auto& tree = volume.template_tree;
        return "vz-template-" + tree.substr(tree.find_last_of("@/") + 1);
    }

    // Filled under another name and renamed when it is complete; whoever wants the same one meanwhile waits.
    Result<lvm::LogicalVolume> ensure_template(const Volume& volume, const Fill& fill) const {
        const auto& group = volume.volume_group;
        const auto name = template_name(volume);
        const auto folder = area::parent_of(volume.private_area) + "/.templates";
        VZ_TRY(sys::make_dirs(folder, 0700));
        VZ_ASSIGN(const auto lock,
                  sys::FileLock::acquire(folder + "/.lock-" + name, "tree", area::k_template_patience));
        if (!lock)
            return fail(Errc::locked, "template {}: another process does not finish with it", name);
        VZ_ASSIGN(const auto ready, lvm::find(group, name));
        if (ready)
            return *ready;
        auto made = make_template(volume, name, std::min(size_of(volume), k_template_size), fill);
        if (!made && made.error().code == Errc::no_disk_space && size_of(volume) > k_template_size)
            made = make_template(volume, name, size_of(volume), fill);
        VZ_TRY(made);
        VZ_ASSIGN(const auto now, lvm::find(group, name));
        return now ? Result<lvm::LogicalVolume>(*now)
                   : Result<lvm::LogicalVolume>(
                         fail(Errc::create_private, "template volume {} is gone", name));
    }

    Result<void> make_template(const Volume& volume, const std::string& name, std::uint64_t bytes,
                               const Fill& fill) const {
        const auto aside = name + "-new";
        VZ_TRY(remove_if_there(volume, aside));
        Cleanup undo([&] { (void)remove_if_there(volume, aside); });
        VZ_TRY(make_volume(volume, aside, bytes));
        VZ_TRY(fill_volume(volume, aside, fill));
        VZ_TRY(lvm::rename(volume.volume_group, aside, name));
        undo.dismiss();
        return {};
    }

    Result<void> create_from_template(const Volume& volume, const lvm::LogicalVolume& ready) const {
        const auto& group = volume.volume_group;
        const auto name = name_of(volume);
        VZ_TRY(lvm::snapshot(group, ready.name, name));
        if (ready.size >= size_of(volume))
            return {};
        VZ_TRY(lvm::extend(group, name, size_of(volume)));
        return grow_into(volume);
    }

    // The file system as large as its volume.
    Result<void> grow_into(const Volume& volume) const {
        VZ_ASSIGN(const auto now, lvm::find(volume.volume_group, name_of(volume)));
        VZ_ASSIGN(const auto mount, mount_raw(volume, name_of(volume), sys::Access::read_write));
        return now ? lvm::grow_ext4(mount, now->size) : Result<void>();
    }

    Result<void> resize(const Volume& volume, const DiskLimits& limits) const {
        if (limits.bytes >= units::unlimited)
            return {};
        const auto& group = volume.volume_group;
        VZ_TRY(lvm::activate(group, name_of(volume)));
        VZ_ASSIGN(const auto now, lvm::find(group, name_of(volume)).as(Errc::quota_set));
        const auto wanted = std::max(limits.bytes, k_smallest);
        if (now && now->size > wanted + k_slack)
            return shrink(volume, *now, wanted, limits);
        if (now && now->size < wanted) {
            if (m_thin)
                VZ_TRY(lvm::check_pool(group, volume.thin_pool));
            VZ_TRY(lvm::extend(group, name_of(volume), wanted));
        }
        return grow_into(volume);
    }

    // The file system first: killed in between, it is smaller than its volume, which harms nobody.
    Result<void> shrink(const Volume& volume, const lvm::LogicalVolume& now, std::uint64_t wanted,
                        const DiskLimits& limits) const {
        if (!limits.may_shrink_offline)
            return fail(
                Errc::resize,
                "the container's volume has {} and DISKSPACE says {}: it becomes smaller only while the "
                "container is stopped, by `vzctl set --diskspace … --offline-resize --save`",
                units::human_size(now.size), units::human_size(wanted));
        if (now.open)
            return fail(Errc::mounted,
                        "stop the container first: a mounted file system cannot become smaller");
        const auto whole =
            wanted / (4 << 20) * (4 << 20); // at most what any extent size leaves of the volume
        VZ_TRY(lvm::shrink_ext4(lvm::device(volume.volume_group, name_of(volume)), whole));
        return lvm::reduce(volume.volume_group, name_of(volume), wanted);
    }

    bool m_thin;
};

} // namespace

std::unique_ptr<Storage> make_lvm_storage() {
    return std::make_unique<LvmStorage>(false);
}

std::unique_ptr<Storage> make_lvmthin_storage() {
    return std::make_unique<LvmStorage>(true);
}

} // namespace vz::storage
