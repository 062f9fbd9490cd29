// SPDX-License-Identifier: GPL-2.0-or-later
#include "area.hpp"

#include "btrfs.hpp"
#include "project_quota.hpp"
#include "vz/base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

namespace vz::storage::area {

namespace {

bool is_snapshot_id(const std::string& id) {
    return id.size() == 36 && id.find_first_not_of("0123456789abcdef-") == std::string::npos;
}

} // namespace

std::string parent_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

Result<void> create(const Volume& volume) {
    const auto& path = volume.private_area;
    if (btrfs::is_on(parent_of(path))) // a limit is a subvolume's
        return btrfs::create(path);
    if (::mkdir(path.c_str(), 0755) != 0)
        return sys_fail(errno,
                        errno == ENOSPC || errno == EDQUOT ? Errc::no_disk_space : Errc::create_private,
                        "mkdir {}", path);
    // From the first file on: later, links and FIFOs could not be put into the project any more.
    if (volume.number != 0)
        project::adopt(path, project::id_of(volume.number));
    return {};
}

Result<void> remove(const Volume& volume) {
    const auto& path = volume.private_area;
    const auto slash = path.rfind('/');
    if (slash == std::string::npos || slash == 0)
        return fail(Errc::delete_private, "not removing {}", path);
    if (btrfs::is_subvolume(path))
        return btrfs::remove(path);
    auto parent = sys::Dir::open(path.substr(0, slash));
    if (!parent)
        return parent.error().sys_errno == ENOENT ? Result<void>() : Result<void>(std::move(parent).error());
    return parent->remove_tree(path.substr(slash + 1)).as(Errc::delete_private);
}

Result<void> set_limits(const Volume& volume, const DiskLimits& limits, Reporter& out) {
    const auto& path = volume.private_area;
    if (!btrfs::is_on(path))
        return project::set_limits(path, limits, out);
    if (limits.inodes < units::unlimited && limits.insist_on_inodes)
        return no_inode_limit();
    if (!btrfs::is_subvolume(path))
        return limits.bytes >= units::unlimited
                   ? Result<void>()
                   : fail(Errc::quota_set,
                          "{} is a folder, not a subvolume of its own, and btrfs limits only those; `vzctl "
                          "convert --layout btrfs` makes one",
                          path);
    return btrfs::set_limit(path, limits, out);
}

Result<std::optional<DiskUsage>> usage(const Volume& volume) {
    const auto& path = volume.private_area;
    if (btrfs::is_on(path))
        return btrfs::usage(path);
    return project::usage(path);
}

Error no_inode_limit() {
    return fail(Errc::quota_set, "btrfs has no limit of files; DISKINODES works on ext4, xfs and lvm");
}

Result<void> check_snapshot_id(const std::string& id) {
    return is_snapshot_id(id) ? Result<void>()
                              : fail(Errc::bad_value, "not a snapshot's id: {}", text::printable(id));
}

Result<std::vector<std::string>> list_snapshots(const std::string& folder) {
    auto dir = sys::Dir::open(folder);
    if (!dir && dir.error().sys_errno == ENOENT)
        return std::vector<std::string>{};
    if (!dir)
        return std::move(dir).error();
    VZ_ASSIGN(auto names, dir->list());
    names.erase(std::remove_if(names.begin(), names.end(),
                               [](const std::string& name) { return !is_snapshot_id(name); }),
                names.end());
    return names;
}

} // namespace vz::storage::area
