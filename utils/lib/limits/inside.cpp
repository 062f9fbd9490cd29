// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/limits/inside.hpp"

#include "vz/base/text.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/namespaces.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <linux/magic.h>
#include <sched.h>
#include <set>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace vz::limits {

namespace {

constexpr std::uint64_t k_page = 4096;
// Both as the kernel sets them for a new IPC namespace (include/uapi/linux/shm.h).
constexpr std::uint64_t k_no_shared_limit = std::numeric_limits<std::uint64_t>::max() - (1UL << 24);

// Runs `work` in a child with these namespaces of the container; nothing comes back but success.
Result<void> inside(pid_t init, int namespaces, const std::function<Result<void>()>& work) {
    VZ_ASSIGN(const auto process, sys::open_process(init));
    VZ_TRY(sys::run_in_namespaces(process, namespaces, [&]() -> Result<std::string> {
        VZ_TRY(work());
        return std::string();
    }));
    return {};
}

// A view of the processes of our own process namespace that nothing can have mounted over.
Result<sys::Dir> open_proc() {
    const sys::Fd context(static_cast<int>(::syscall(SYS_fsopen, "proc", FSOPEN_CLOEXEC)));
    if (!context || ::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
        return sys_fail(errno, Errc::system, "make a proc file system");
    sys::Fd mount(static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)));
    if (!mount)
        return sys_fail(errno, Errc::system, "make a proc file system");
    return sys::Dir(std::move(mount));
}

Result<void> limit_process(pid_t pid, __rlimit_resource resource, const std::optional<ProcessLimit>& limit) {
    if (!limit)
        return {};
    const rlimit value{limit->soft, limit->hard};
    if (::prlimit(pid, resource, &value, nullptr) != 0 && errno != ESRCH)
        return sys_fail(errno, Errc::failed, "limit process {} of the container", pid);
    return {};
}

Result<void> limit_process(pid_t pid, const ProcessLimits& limits) {
    VZ_TRY(limit_process(pid, RLIMIT_NOFILE, limits.open_files));
    VZ_TRY(limit_process(pid, RLIMIT_MEMLOCK, limits.locked_bytes));
    return limit_process(pid, RLIMIT_SIGPENDING, limits.pending_signals);
}

// In the container's process namespace: until there is no process that was not seen before. A new process
// has the limits of the one that made it, so this ends soon even for those who make many.
Result<void> limit_all_here(const ProcessLimits& limits) {
    VZ_ASSIGN(const auto proc, open_proc());
    std::set<pid_t> seen;
    constexpr int k_passes = 5;
    for (int pass = 0; pass < k_passes; ++pass) {
        VZ_ASSIGN(const auto names, proc.list());
        const auto before = seen.size();
        for (const auto& name : names) {
            const auto number = text::to_uint(name);
            if (!number || !seen.insert(static_cast<pid_t>(*number)).second)
                continue;
            VZ_TRY(limit_process(static_cast<pid_t>(*number), limits));
        }
        if (seen.size() == before)
            break;
    }
    return {};
}

Result<sys::Fd> pick_terminals(const sys::Fd& folder) {
    struct statfs fs {};
    if (!folder || ::fstatfs(folder.get(), &fs) != 0 || fs.f_type != DEVPTS_SUPER_MAGIC)
        return fail(Errc::failed, "NUMPTY: the container has no file system of terminals on /dev/pts");
    sys::Fd context(
        static_cast<int>(::syscall(SYS_fspick, folder.get(), "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC)));
    if (!context)
        return sys_fail(errno, Errc::failed, "NUMPTY: open the file system of terminals");
    return context;
}

Result<std::uint64_t> mount_id_of(const sys::Fd& fd) {
    struct statx stx {};
    if (::statx(fd.get(), "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) != 0 || (stx.stx_mask & STATX_MNT_ID) == 0)
        return sys_fail(errno, Errc::failed, "NUMPTY: find the mount of /dev/pts");
    return stx.stx_mnt_id;
}

// The kernel takes options that are not repeated for not set.
Result<void> remount_terminals(const sys::Fd& context, const std::string& options, std::uint64_t count) {
    auto all = text::split(options, ',');
    all.erase(
        std::remove_if(all.begin(), all.end(),
                       [](const std::string& o) { return o.find('=') == o.npos || o.rfind("max=", 0) == 0; }),
        all.end());
    all.push_back(format("max={}", count));
    for (const auto& option : all) {
        const auto equals = option.find('=');
        if (::syscall(SYS_fsconfig, context.get(), FSCONFIG_SET_STRING, option.substr(0, equals).c_str(),
                      option.substr(equals + 1).c_str(), 0) != 0)
            return sys_fail(errno, Errc::failed, "NUMPTY: option {}", text::printable(option));
    }
    if (::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_RECONFIGURE, nullptr, nullptr, 0) != 0)
        return sys_fail(errno, Errc::failed, "NUMPTY: change the file system of terminals");
    return {};
}

} // namespace

std::optional<std::string> super_options(std::string_view mountinfo, std::uint64_t mount_id) {
    for (const auto& line : text::split(mountinfo, '\n')) {
        const auto fields = text::words(line);
        const auto dash = std::find(fields.begin(), fields.end(), "-");
        if (!fields.empty() && text::to_uint(fields[0]) == mount_id && fields.end() - dash >= 4)
            return dash[3];
    }
    return std::nullopt;
}

Result<void> limit_processes(pid_t init, const ProcessLimits& limits) {
    if (!limits.open_files && !limits.locked_bytes && !limits.pending_signals)
        return {};
    return inside(init, CLONE_NEWPID, [&] { return limit_all_here(limits); });
}

Result<void> limit_shared_memory(pid_t init, const std::optional<std::uint64_t>& pages) {
    const auto all = pages.value_or(k_no_shared_limit);
    const auto one = pages && *pages < k_no_shared_limit / k_page ? *pages * k_page : k_no_shared_limit;
    const auto write = [&]() -> Result<void> {
        VZ_TRY(sys::write_kernel_file("/proc/sys/kernel/shmall", std::to_string(all)).as(Errc::failed));
        return sys::write_kernel_file("/proc/sys/kernel/shmmax", std::to_string(one)).as(Errc::failed);
    };
    // Since Linux 6.11 these belong to the container's root; before, to the host's.
    if (inside(init, CLONE_NEWUSER | CLONE_NEWIPC, write))
        return {};
    return inside(init, CLONE_NEWIPC, write);
}

Result<void> limit_terminals(pid_t init, std::uint64_t count) {
    return inside(init, CLONE_NEWNS, [&]() -> Result<void> {
        VZ_ASSIGN(const auto proc, open_proc());
        VZ_ASSIGN(const auto root, sys::Dir::open("/"));
        const auto folder = root.open_at("dev/pts", O_PATH | O_DIRECTORY);
        const sys::Fd none;
        const sys::Fd& terminals = folder ? *folder : none;
        VZ_ASSIGN(const auto context, pick_terminals(terminals));
        VZ_ASSIGN(const auto id, mount_id_of(terminals));
        VZ_ASSIGN(const auto file, proc.open_at("self/mountinfo", O_RDONLY));
        VZ_ASSIGN(const auto mounts, sys::read_all(file.get(), 4 << 20));
        return remount_terminals(context, super_options(mounts, id).value_or(""), count);
    });
}

} // namespace vz::limits
