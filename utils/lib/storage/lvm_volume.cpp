// SPDX-License-Identifier: GPL-2.0-or-later
#include "lvm_volume.hpp"

#include "project_quota.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace vz::storage::lvm_volume {

namespace {

constexpr std::uint64_t k_default_size = std::uint64_t{10} << 30;
constexpr std::uint64_t k_smallest = 16 << 20; // an ext4 with a journal

Result<void> flush(const sys::Fd& mount) {
    const sys::Fd fd(::openat(mount.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::syncfs(fd.get()) != 0)
        return sys_fail(errno, errno == ENOSPC ? Errc::no_disk_space : Errc::system,
                        "write the new file system");
    return {};
}

// The file system first: killed in between, it is smaller than its volume, which harms nobody.
Result<void> shrink(const Volume& volume, const std::string& name, const lvm::LogicalVolume& now,
                    std::uint64_t wanted, const DiskLimits& limits) {
    if (!limits.may_shrink_offline)
        return fail(Errc::resize,
                    "the container's volume has {} and DISKSPACE says {}: it becomes smaller only while the "
                    "container is stopped, by `vzctl set --diskspace … --offline-resize --save`",
                    units::human_size(now.size), units::human_size(wanted));
    if (now.open)
        return fail(Errc::mounted, "stop the container first: a mounted file system cannot become smaller");
    const auto whole = wanted / (4 << 20) * (4 << 20); // at most what any extent size leaves of the volume
    VZ_TRY(lvm::shrink_ext4(lvm::device(volume.volume_group, name), whole));
    return lvm::reduce(volume.volume_group, name, wanted);
}

} // namespace

std::uint64_t size_of(const Volume& volume) {
    const bool given = volume.size > 0 && volume.size < units::unlimited;
    return std::max(given ? volume.size : k_default_size, k_smallest);
}

Result<void> make(Kind kind, const Volume& volume, const std::string& name, std::uint64_t bytes) {
    const auto& group = volume.volume_group;
    VZ_TRY(kind == Kind::thin ? lvm::create_thin(group, volume.thin_pool, name, bytes)
                              : lvm::create(group, name, bytes));
    return lvm::make_ext4(lvm::device(group, name));
}

Result<void> fill(Kind kind, const Volume& volume, const std::string& name, const Fill& with) {
    VZ_ASSIGN(auto raw, mount_raw(kind, volume, name, sys::Access::read_write));
    VZ_TRY(sys::Dir(sys::Fd(::fcntl(raw.get(), F_DUPFD_CLOEXEC, 3))).remove_tree("lost+found"));
    project::adopt(format("/proc/self/fd/{}", raw.get()), project::id_of(volume.number));
    if (!with)
        return flush(raw);
    VZ_ASSIGN(const auto userns, sys::make_userns(volume.ids));
    VZ_TRY(sys::map_owners(raw, userns, name));
    const sys::Dir target(sys::Fd(::fcntl(raw.get(), F_DUPFD_CLOEXEC, 3)));
    VZ_TRY(with(target, userns));
    return flush(raw);
}

Result<void> remove_if_there(const Volume& volume, const std::string& name) {
    VZ_ASSIGN(const auto found, lvm::find(volume.volume_group, name));
    return found ? lvm::remove(volume.volume_group, {*found}) : Result<void>();
}

Result<sys::Fd> mount_raw(Kind kind, const Volume& volume, const std::string& name, sys::Access access) {
    VZ_TRY(lvm::activate(volume.volume_group, name));
    return lvm::mount_ext4(lvm::device(volume.volume_group, name), access,
                           kind == Kind::thin ? lvm::Discard::yes : lvm::Discard::no);
}

Result<void> grow_into(Kind kind, const Volume& volume, const std::string& name) {
    VZ_ASSIGN(const auto now, lvm::find(volume.volume_group, name));
    VZ_ASSIGN(const auto mount, mount_raw(kind, volume, name, sys::Access::read_write));
    return now ? lvm::grow_ext4(mount, now->size) : Result<void>();
}

Result<void> resize(Kind kind, const Volume& volume, const std::string& name, const DiskLimits& limits) {
    if (limits.bytes >= units::unlimited)
        return {};
    const auto& group = volume.volume_group;
    VZ_TRY(lvm::activate(group, name));
    VZ_ASSIGN(const auto now, lvm::find(group, name).as(Errc::quota_set));
    const auto wanted = std::max(limits.bytes, k_smallest);
    if (now && now->size > wanted + k_slack)
        return shrink(volume, name, *now, wanted, limits);
    if (now && now->size < wanted) {
        if (kind == Kind::thin)
            VZ_TRY(lvm::check_pool(group, volume.thin_pool));
        VZ_TRY(lvm::extend(group, name, wanted));
    }
    return grow_into(kind, volume, name);
}

} // namespace vz::storage::lvm_volume
