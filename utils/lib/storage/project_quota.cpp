// SPDX-License-Identifier: GPL-2.0-or-later
#include "project_quota.hpp"

#include <cerrno>
#include <fcntl.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/quota.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace vz::storage::project {

namespace {

constexpr std::uint32_t k_ours = 0x80000000; // set in all our projects
constexpr long k_xfs_magic = 0x58465342;
constexpr std::uint64_t k_quota_block = 1024; // QIF_DQBLKSIZE
constexpr auto k_kind = static_cast<unsigned>(PRJQUOTA);

Result<sys::Fd> open_area(const std::string& path) {
    sys::Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd)
        return sys_fail(errno, errno == ENOENT ? Errc::no_private : Errc::system, "open {}", path);
    return fd;
}

int quotactl(const sys::Fd& fd, unsigned command, std::uint32_t id, void* data) {
    return static_cast<int>(::syscall(SYS_quotactl_fd, fd.get(), QCMD(command, k_kind), id, data));
}

std::optional<std::uint32_t> project_of(const sys::Fd& fd) {
    fsxattr attributes{};
    if (::ioctl(fd.get(), FS_IOC_FSGETXATTR, &attributes) != 0 || (attributes.fsx_projid & k_ours) == 0 ||
        (attributes.fsx_xflags & FS_XFLAG_PROJINHERIT) == 0)
        return std::nullopt;
    return attributes.fsx_projid;
}

struct State {
    bool counted = false;
    bool enforced = false;
};

State state_of(const sys::Fd& fd) {
    fs_quota_statv state{};
    state.qs_version = FS_QSTATV_VERSION1;
    if (quotactl(fd, Q_XGETQSTATV, 0, &state) != 0)
        return {};
    return {(state.qs_flags & FS_QUOTA_PDQ_ACCT) != 0, (state.qs_flags & FS_QUOTA_PDQ_ENFD) != 0};
}

Error no_quotas(const sys::Fd& fd, const std::string& folder) {
    struct statfs fs {};
    (void)::fstatfs(fd.get(), &fs);
    const auto type = static_cast<long>(fs.f_type);
    std::string remedy = "it cannot have them: use ext4, xfs or btrfs for VE_PRIVATE, or layout lvm";
    if (type == EXT4_SUPER_MAGIC)
        remedy = "while it is not mounted run `tune2fs -O project,quota DEVICE`, then mount it with option "
                 "prjquota";
    else if (type == k_xfs_magic)
        remedy =
            "mount it with option prjquota (for the root file system: rootflags=prjquota on the kernel's "
            "command line)";
    return fail(
        Errc::quota_set,
        "the file system of {} has no project quotas, so DISKSPACE and DISKINODES are not enforced; {}",
        folder, remedy);
}

// Counted but not enforced: the mount option is missing, which can be made good until the next boot.
Result<void> enforce(const sys::Fd& fd, const std::string& folder, Reporter& out) {
    if (quotactl(fd, Q_QUOTAON, QFMT_VFS_V1, nullptr) != 0 && errno != EBUSY && errno != EEXIST)
        return sys_fail(
            errno, Errc::quota_on,
            "switch on the project quotas of the file system of {} (or mount it with option prjquota)",
            folder);
    out.info(
        format("Project quotas are switched on for the file system of {}; mount option prjquota does it at "
               "each boot",
               folder));
    return {};
}

void release_one(const sys::Fd& fd, std::uint32_t project) {
    fsxattr attributes{};
    if (!fd || ::ioctl(fd.get(), FS_IOC_FSGETXATTR, &attributes) != 0 || attributes.fsx_projid != project)
        return;
    attributes.fsx_projid = 0;
    attributes.fsx_xflags &= ~static_cast<std::uint32_t>(FS_XFLAG_PROJINHERIT);
    (void)::ioctl(fd.get(), FS_IOC_FSSETXATTR, &attributes);
}

void release_below(const sys::Dir& dir, const std::string& path, std::uint32_t project) {
    const auto st = dir.stat(path);
    if (!st || !*st || (!S_ISDIR((*st)->st_mode) && !S_ISREG((*st)->st_mode)))
        return;
    if (const auto fd = dir.open_at(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK))
        release_one(*fd, project);
    if (!S_ISDIR((*st)->st_mode))
        return;
    const auto names = dir.list(path);
    for (const auto& name : names ? *names : std::vector<std::string>{})
        release_below(dir, format("{}/{}", path, name), project);
}

} // namespace

std::uint32_t id_of(std::uint32_t number) {
    return k_ours | number;
}

std::optional<std::uint32_t> of(const std::string& folder) {
    const auto fd = open_area(folder);
    return fd ? project_of(*fd) : std::nullopt;
}

void adopt(const std::string& folder, std::uint32_t project) {
    const auto fd = open_area(folder);
    fsxattr attributes{};
    if (!fd || ::ioctl(fd->get(), FS_IOC_FSGETXATTR, &attributes) != 0)
        return;
    attributes.fsx_projid = project;
    attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
    (void)::ioctl(fd->get(), FS_IOC_FSSETXATTR, &attributes);
}

void release(const std::string& folder, std::uint32_t project) {
    if (const auto dir = sys::Dir::open(folder))
        release_below(*dir, ".", project);
}

Result<void> set_limits(const std::string& folder, const DiskLimits& limits, Reporter& out) {
    VZ_ASSIGN(const auto fd, open_area(folder));
    const bool limited = limits.bytes < units::unlimited || limits.inodes < units::unlimited;
    const auto state = state_of(fd);
    if (!state.counted)
        return limited ? Result<void>(no_quotas(fd, folder)) : Result<void>();
    const auto project = project_of(fd);
    if (!project && !limited)
        return {};
    if (!project)
        return fail(
            Errc::quota_init,
            "{} was made before its file system had quotas; stop the container and run `vzctl quotainit` "
            "once",
            folder);
    if (limited && !state.enforced)
        VZ_TRY(enforce(fd, folder, out));
    if_dqblk block{};
    block.dqb_valid = QIF_LIMITS;
    block.dqb_bhardlimit =
        limits.bytes < units::unlimited ? (limits.bytes + k_quota_block - 1) / k_quota_block : 0;
    block.dqb_ihardlimit = limits.inodes < units::unlimited ? limits.inodes : 0;
    if (quotactl(fd, Q_SETQUOTA, *project, &block) != 0)
        return sys_fail(errno, Errc::quota_set, "set the limits of {}", folder);
    return {};
}

Result<std::optional<DiskUsage>> usage(const std::string& folder) {
    VZ_ASSIGN(const auto fd, open_area(folder));
    const auto project = project_of(fd);
    if (!project || !state_of(fd).counted)
        return std::optional<DiskUsage>{};
    if_dqblk block{};
    if (quotactl(fd, Q_GETQUOTA, *project, &block) != 0)
        return errno == ESRCH || errno == ENOENT
                   ? Result<std::optional<DiskUsage>>(std::optional(DiskUsage{0, 0}))
                   : Result<std::optional<DiskUsage>>(
                         sys_fail(errno, Errc::quota_set, "ask for the usage of {}", folder));
    return std::optional(DiskUsage{block.dqb_curspace, block.dqb_curinodes});
}

} // namespace vz::storage::project
