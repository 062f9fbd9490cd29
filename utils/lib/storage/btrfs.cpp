// SPDX-License-Identifier: GPL-2.0-or-later
#include "btrfs.hpp"

#include "vz/base/text.hpp"
#include "vz/sys/file.hpp"

#include <btrfsutil.h>
#include <cerrno>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace vz::storage::btrfs {

namespace {

constexpr ino_t k_top_inode = 256;           // BTRFS_FIRST_FREE_OBJECTID
constexpr std::uint64_t k_enable_simple = 4; // BTRFS_QUOTA_CTL_ENABLE_SIMPLE_QUOTA, since Linux 6.7

Error util_error(btrfs_util_error error, Errc code, std::string_view doing, const std::string& path) {
    const int err = errno;
    if (err == ENOSPC || err == EDQUOT)
        code = Errc::no_disk_space;
    return sys_fail(err, code, "{} {}: {}", doing, path, btrfs_util_strerror(error));
}

Result<sys::Fd> open_folder(const std::string& path) {
    sys::Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd)
        return sys_fail(errno, Errc::system, "open {}", path);
    return fd;
}

// The file system's folder in sysfs (Documentation/ABI/…/sysfs-fs-btrfs).
Result<std::string> sysfs_folder(const std::string& path) {
    VZ_ASSIGN(const auto fd, open_folder(path));
    btrfs_ioctl_fs_info_args info{};
    if (::ioctl(fd.get(), BTRFS_IOC_FS_INFO, &info) != 0)
        return sys_fail(errno, Errc::system, "ask btrfs about {}", path);
    std::string uuid;
    for (int i = 0; i < BTRFS_FSID_SIZE; ++i) {
        uuid += i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";
        uuid += format("{:02x}", info.fsid[i]);
    }
    return "/sys/fs/btrfs/" + uuid;
}

Result<std::string> account_folder(const std::string& path) {
    VZ_ASSIGN(const auto folder, sysfs_folder(path));
    std::uint64_t id = 0;
    if (const auto error = btrfs_util_subvolume_id(path.c_str(), &id); error != BTRFS_UTIL_OK)
        return util_error(error, Errc::system, "find the subvolume of", path);
    return format("{}/qgroups/0_{}", folder, id);
}

std::optional<std::uint64_t> number_in(const std::string& file) {
    const auto content = sys::read_kernel_file(file);
    return content ? text::to_uint(text::trim(*content)) : std::nullopt;
}

Result<void> control_accounts(const std::string& path, std::uint64_t command, Errc code) {
    VZ_ASSIGN(const auto fd, open_folder(path));
    btrfs_ioctl_quota_ctl_args args{};
    args.cmd = command;
    if (::ioctl(fd.get(), BTRFS_IOC_QUOTA_CTL, &args) != 0)
        return sys_fail(errno, code, "switch the btrfs quota of {}", path);
    return {};
}

// A subvolume from before the accounts were switched on may have none.
void make_account(const sys::Fd& fd, std::uint64_t id) {
    btrfs_ioctl_qgroup_create_args args{};
    args.create = 1;
    args.qgroupid = id;
    (void)::ioctl(fd.get(), BTRFS_IOC_QGROUP_CREATE, &args); // EEXIST is usual
}

Result<void> write_limit(const std::string& path, std::uint64_t bytes) {
    VZ_ASSIGN(const auto fd, open_folder(path));
    std::uint64_t id = 0;
    if (const auto error = btrfs_util_subvolume_id_fd(fd.get(), &id); error != BTRFS_UTIL_OK)
        return util_error(error, Errc::quota_set, "find the subvolume of", path);
    make_account(fd, id);
    btrfs_ioctl_qgroup_limit_args args{};
    args.lim.flags = BTRFS_QGROUP_LIMIT_MAX_RFER;
    args.lim.max_rfer = bytes >= units::unlimited ? ~std::uint64_t{0} : bytes; // all bits set: none
    args.qgroupid = id;
    // From outside: what changes by way of a full subvolume needs room in it.
    VZ_ASSIGN(const auto outside, open_folder(path.substr(0, path.rfind('/'))));
    if (::ioctl(outside.get(), BTRFS_IOC_QGROUP_LIMIT, &args) != 0)
        return sys_fail(errno, Errc::quota_set, "limit the subvolume {}", path);
    return {};
}

Error no_accounts(const std::string& path) {
    return fail(
        Errc::quota_set,
        "the btrfs file system of {} keeps no quota accounts, so DISKSPACE is not enforced; `vzctl quotaon` "
        "or `btrfs quota enable` switch them on, at the expense of all writers (this kernel has no "
        "simple quotas)",
        path);
}

} // namespace

bool is_on(const std::string& path) {
    struct statfs fs {};
    return ::statfs(path.c_str(), &fs) == 0 && static_cast<unsigned long>(fs.f_type) == BTRFS_SUPER_MAGIC;
}

bool is_subvolume(const std::string& path) {
    struct stat st {};
    return ::lstat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode) && st.st_ino == k_top_inode && is_on(path);
}

Result<void> create(const std::string& path) {
    const auto error = btrfs_util_create_subvolume(path.c_str(), 0, nullptr, nullptr);
    return error == BTRFS_UTIL_OK ? Result<void>()
                                  : util_error(error, Errc::create_private, "create the subvolume", path);
}

Result<void> snapshot(const std::string& source, const std::string& target, Kind kind) {
    const int flags = kind == Kind::read_only ? BTRFS_UTIL_CREATE_SNAPSHOT_READ_ONLY : 0;
    const auto error = btrfs_util_create_snapshot(source.c_str(), target.c_str(), flags, nullptr, nullptr);
    return error == BTRFS_UTIL_OK ? Result<void>()
                                  : util_error(error, Errc::create_private, "snapshot of", source);
}

Result<void> set_read_only(const std::string& path) {
    const auto error = btrfs_util_set_subvolume_read_only(path.c_str(), true);
    return error == BTRFS_UTIL_OK ? Result<void>() : util_error(error, Errc::system, "make read-only", path);
}

namespace {

// Subvolumes cannot be taken out of a read-only one.
Result<void> make_nested_writable(const std::string& path) {
    btrfs_util_subvolume_iterator* iterator = nullptr;
    VZ_ASSIGN(const auto top, open_folder(path));
    if (btrfs_util_create_subvolume_iterator_fd(top.get(), 0, 0, &iterator) != BTRFS_UTIL_OK)
        return {}; // removal will tell
    char* below = nullptr;
    std::uint64_t id = 0;
    while (btrfs_util_subvolume_iterator_next(iterator, &below, &id) == BTRFS_UTIL_OK) {
        // A container cannot lead us out: each name on the way is that of a folder, by the kernel's own
        // records.
        const sys::Dir root(sys::Fd(::openat(top.get(), ".", O_PATH | O_DIRECTORY | O_CLOEXEC)));
        if (const auto fd = root.open_at(below, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
            (void)btrfs_util_set_subvolume_read_only_fd(fd->get(), false);
        ::free(below);
    }
    btrfs_util_destroy_subvolume_iterator(iterator);
    return {};
}

} // namespace

Result<void> remove(const std::string& path) {
    struct stat st {};
    if (::lstat(path.c_str(), &st) != 0 && errno == ENOENT)
        return {};
    if (!is_subvolume(path))
        return fail(Errc::delete_private, "{} is not a subvolume", path);
    (void)btrfs_util_set_subvolume_read_only(path.c_str(), false);
    VZ_TRY(make_nested_writable(path));
    const auto error = btrfs_util_delete_subvolume(path.c_str(), BTRFS_UTIL_DELETE_SUBVOLUME_RECURSIVE);
    return error == BTRFS_UTIL_OK ? Result<void>()
                                  : util_error(error, Errc::delete_private, "delete the subvolume", path);
}

Accounts accounts(const std::string& path) {
    const auto folder = sysfs_folder(path);
    if (!folder || !sys::exists(*folder + "/qgroups"))
        return Accounts::none;
    const auto mode = sys::read_kernel_file(*folder + "/qgroups/mode").value_or("qgroup");
    if (text::trim(mode) == "disabled")
        return Accounts::none;
    return text::trim(mode) == "squota" ? Accounts::simple : Accounts::full;
}

Result<Accounts> enable_accounts(const std::string& path, bool even_full) {
    if (const auto now = accounts(path); now != Accounts::none)
        return now;
    if (control_accounts(path, k_enable_simple, Errc::quota_on))
        return Accounts::simple;
    if (!even_full)
        return Accounts::none;
    VZ_TRY(control_accounts(path, BTRFS_QUOTA_CTL_ENABLE, Errc::quota_on));
    return Accounts::full;
}

Result<void> disable_accounts(const std::string& path) {
    return accounts(path) == Accounts::none
               ? Result<void>()
               : control_accounts(path, BTRFS_QUOTA_CTL_DISABLE, Errc::quota_off);
}

Result<void> set_limit(const std::string& path, const DiskLimits& limits, Reporter& out) {
    const bool limited = limits.bytes < units::unlimited;
    const auto before = accounts(path);
    if (before == Accounts::none && !limited)
        return {};
    if (before == Accounts::none) {
        VZ_ASSIGN(const auto now, enable_accounts(path, limits.insist));
        if (now == Accounts::none)
            return no_accounts(path);
        out.info(
            format("{} of btrfs are switched on for the file system of {} (`btrfs quota disable` ends it)",
                   now == Accounts::simple ? "Simple quotas" : "Quotas", path));
    }
    return write_limit(path, limits.bytes);
}

Result<std::optional<DiskUsage>> usage(const std::string& path) {
    if (accounts(path) == Accounts::none || !is_subvolume(path))
        return std::optional<DiskUsage>{};
    VZ_ASSIGN(const auto folder, account_folder(path));
    const auto bytes = number_in(folder + "/referenced");
    return bytes ? std::optional(DiskUsage{*bytes, std::nullopt}) : std::nullopt;
}

} // namespace vz::storage::btrfs
