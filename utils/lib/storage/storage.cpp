// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/storage/storage.hpp"

#include "btrfs.hpp"
#include "project_quota.hpp"
#include "vz/sys/mount.hpp"
#include "vz/sys/tree_copy.hpp"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace vz::storage {

namespace {

Error no_snapshots() {
    return fail(Errc::snapshot_create,
                "this container's layout has no snapshots; `vzctl convert` to btrfs, overlay or lvmthin");
}

} // namespace

Result<Layers> Storage::layers(const Volume& volume) const {
    VZ_ASSIGN(auto all, files(volume));
    Layers out;
    out.folders.push_back(std::move(all));
    return out;
}

Result<Layers> Storage::layers(const Volume&, const std::string&) const {
    return no_snapshots();
}

Result<void> Storage::mount(const Volume& volume) const {
    VZ_ASSIGN(const sys::Fd mount, open(volume));
    return sys::attach_mount(mount, volume.root);
}

Result<void> Storage::unmount(const Volume& volume) const {
    return sys::unmount_all(volume.root);
}

Result<void> Storage::check_removable(const Volume& volume) const {
    const auto& path = volume.private_area;
    const auto parent = path.substr(0, path.rfind('/'));
    if (::access(parent.c_str(), W_OK) != 0 && errno == EROFS)
        return sys_fail(EROFS, Errc::delete_private, "remove {}", path);
    return {};
}

Result<void> Storage::take_snapshot(const Volume&, const std::string&) const {
    return no_snapshots();
}

Result<void> Storage::rollback(const Volume&, const std::string&) const {
    return no_snapshots().as(Errc::snapshot_switch);
}

Result<void> Storage::remove_snapshot(const Volume&, const std::string&) const {
    return {};
}

Result<sys::Fd> Storage::open_snapshot(const Volume&, const std::string&) const {
    return no_snapshots().as(Errc::snapshot_mount);
}

Result<std::vector<std::string>> Storage::list_snapshots(const Volume&) const {
    return std::vector<std::string>{};
}

Result<void> copy_files(const Storage& from, const Volume& source, const Storage& to, const Volume& target) {
    VZ_ASSIGN(const auto ours, from.files(source));
    VZ_ASSIGN(const auto theirs, to.files(target));
    VZ_TRY(sys::copy_tree({ours.root, theirs.root, ours.owners, theirs.owners}));
    const sys::Fd fd(::openat(theirs.root.fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::syncfs(fd.get()) != 0)
        return sys_fail(errno, errno == ENOSPC ? Errc::no_disk_space : Errc::system,
                        "write the copied files");
    return {};
}

std::uint32_t other_number(const Volume& current) {
    constexpr std::uint32_t k_second = 0x40000000;
    const auto project = project::of(current.private_area);
    return project == project::id_of(current.number) ? current.number ^ k_second : current.number;
}

bool is_on_btrfs(const std::string& path) {
    return btrfs::is_on(path);
}

} // namespace vz::storage
