// SPDX-License-Identifier: GPL-2.0-or-later
// Where a container's files lie, how they are mounted, limited, cloned and kept as snapshots. One interface,
// one class a layout; every layout passes the same contract suite (tests/unit/storage_contract_test.cpp).
//
// Nothing here takes locks or knows NUM.conf: callers hold the container's lock, keep what a snapshot is
// about, and announce (vz::ops::Pending) what they are about to make. Killed in any of these functions,
// remove() and remove_snapshot() clear what is half-made; everything else is old or new.
#pragma once

#include "vz/base/reporter.hpp"
#include "vz/base/result.hpp"
#include "vz/base/units.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/fd.hpp"
#include "vz/sys/userns.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vz::storage {

// A container's files on this host. Paths are absolute and chosen by the administrator.
struct Volume {
    std::string private_area; // VE_PRIVATE: always a folder of its own, which may be renamed when not mounted
    std::string root;         // VE_ROOT: where it is mounted; must exist to mount
    std::string
        template_tree; // TEMPLATE/tree/ID: overlay shares it, btrfs and lvmthin name theirs after the ID
    sys::IdRange ids;
    std::uint32_t number = 0; // CTID: the quota's project follows from it; 0: none
    std::string uuid;         // VE_UUID: logical volumes are named after it
    std::string volume_group; // lvm, lvmthin: VE_VOLUME_GROUP
    std::string thin_pool;    // lvmthin: VE_THIN_POOL
    std::uint64_t size = 0;   // lvm, lvmthin: bytes of a new volume; 0: the layout's default
};

// What a layout can do. Callers ask this, never for a layout by name.
struct Traits {
    bool shares_template = false; // volume.template_tree must stand before create() and as long as the volume
    bool instant_create = false;  // a second container of the same template costs no copy
    bool instant_clone = false;   // clone() takes the same short time whatever the size
    bool snapshots = false;       // the *_snapshot() functions work, and take about no time
    bool own_device = false;      // a block device and a file system of its own
    bool inode_limit = false;     // DiskLimits::inodes can be set (if the file system below plays along)
};

struct DiskLimits {
    std::uint64_t bytes = units::unlimited;
    std::uint64_t inodes = units::unlimited;
    // Somebody asked for just this, now: worth switching on what costs the file system's other users
    // something.
    bool insist = false;
    bool insist_on_inodes = false;   // a layout without such a limit refuses instead of ignoring it
    bool may_shrink_offline = false; // --offline-resize: a volume of its own may be made smaller
};

struct DiskUsage {
    std::uint64_t bytes = 0;
    std::optional<std::uint64_t> inodes; // nothing: the layout does not count them
};

// A container's files for copying by root (sys::copy_tree): id N of the container owns them as
// owners.uid_base + N.
struct Files {
    sys::Dir root;
    sys::IdRange owners;
};

struct Joined {
    std::string path; // in the container
    std::string file; // in Layers::index
};

// A container's files for reading: one folder, or, where a template is shared, what the container has above
// that, newest first (overlayfs.rst says how layers hide what is below them).
struct Layers {
    std::vector<Files> folders;
    bool on_template = false;
    // Names below that lead to a file which the container changed under another name.
    std::vector<Joined> joined;
    std::optional<Files> index; // where those files are, if there are any
};

// Fills an empty folder with a template's files. `target` maps owners for `userns`.
using Fill = std::function<Result<void>(const sys::Dir& target, const sys::Fd& userns)>;

class Storage {
public:
    virtual ~Storage() = default;

    virtual Traits traits() const = 0;

    // Makes a container's files at volume.private_area, which must not exist. `fill` is called when the files
    // of the template are needed: each time, the first time (instant_create), or never (shares_template).
    // With an empty `fill` the container's files are none (shares_template: the template's). Errc:
    // create_private, no_disk_space, unknown_mount_type (the host cannot have this layout: says why).
    virtual Result<void> create(const Volume& volume, const Fill& fill) const = 0;

    // Removes the files, whole or half-made, with all snapshots; absent is fine. A symbolic link at
    // volume.private_area goes, what it leads to stays. Must not be mounted. Errc::delete_private.
    virtual Result<void> remove(const Volume& volume) const = 0;
    // Whether remove() has a chance, asked before a container is given up. Errc::delete_private says what to
    // do.
    virtual Result<void> check_removable(const Volume& volume) const;

    // The container's root file system as a detached mount, owners mapped for volume.ids: use it as a
    // sys::Dir, attach it, or drop it. Nothing is left behind if we are killed.
    virtual Result<sys::Fd> open(const Volume& volume) const = 0;

    // The same files with the owners that they have on disk, as another detached mount.
    virtual Result<Files> files(const Volume& volume) const = 0;

    // The same for reading, as they are now or were when a snapshot was taken. The container may be running.
    virtual Result<Layers> layers(const Volume& volume) const;
    virtual Result<Layers> layers(const Volume& volume, const std::string& snapshot) const;

    // open(), on volume.root, in one step: it is mounted whole or not at all.
    Result<void> mount(const Volume& volume) const;
    // Unmounts it and whatever was mounted below. Not mounted is fine. Errc::umount if it is in use.
    Result<void> unmount(const Volume& volume) const;

    // Makes `target` (new, as for create()) a copy of `source`, which may be in use: freeze it first for a
    // state that is consistent beyond single files. Ids, number and uuid of the two differ. Snapshots stay
    // behind.
    virtual Result<void> clone(const Volume& source, const Volume& target) const = 0;

    // Snapshots are named by uuids. take: the volume may be in use, as for clone(). rollback: not mounted;
    // the files become those of the snapshot, which stays. remove: absent is fine. open: read-only, as
    // open().
    virtual Result<void> take_snapshot(const Volume& volume, const std::string& id) const;
    virtual Result<void> rollback(const Volume& volume, const std::string& id) const;
    virtual Result<void> remove_snapshot(const Volume& volume, const std::string& id) const;
    virtual Result<sys::Fd> open_snapshot(const Volume& volume, const std::string& id) const;
    virtual Result<std::vector<std::string>> list_snapshots(const Volume& volume) const; // sorted

    // Sets both limits, or takes them off (unlimited); a container in use obeys at once. Limits are part of
    // the files (not of clones and rolled back ones: set them again). Errc::quota_set: one message that says
    // what to do; then nothing has changed. Errc::mounted: this change wants the container stopped.
    virtual Result<void> set_limits(const Volume& volume, const DiskLimits& limits, Reporter& out) const = 0;

    // What counts against the limits; nothing if nobody counts here. Quick: asks the kernel, walks no files.
    virtual Result<std::optional<DiskUsage>> usage(const Volume& volume) const = 0;
};

// Makes the files of `target`, which exists, those of `source`, whatever their layouts; what is equal already
// is left as it is (so an overlay goes on sharing what it can). Durable on return. Errc::no_disk_space.
Result<void> copy_files(const Storage& from, const Volume& source, const Storage& to, const Volume& target);

// Folders with files of the container that lie outside of its private area, because copies of it share them.
Result<std::vector<std::string>> shared_layers(const std::string& private_area);

// What a second area of the same container has for Volume::number, so that each is counted by itself.
std::uint32_t other_number(const Volume& current);

bool is_on_btrfs(const std::string& path);

// "dir": the private area is the root file system, as simfs was. Its owners on disk are the container's own
// ids.
std::unique_ptr<Storage> make_dir_storage();

// "overlay": the extracted template is the shared, read-only lower layer; the private area holds what
// differs.
std::unique_ptr<Storage> make_overlay_storage();

// "btrfs": the root file system is a subvolume, made as a snapshot of the template's.
std::unique_ptr<Storage> make_btrfs_storage();

// "lvm": a logical volume with a file system of its own. "lvmthin": the same in a thin pool, which makes
// creating, cloning and snapshots quick.
std::unique_ptr<Storage> make_lvm_storage();
std::unique_ptr<Storage> make_lvmthin_storage();

} // namespace vz::storage
