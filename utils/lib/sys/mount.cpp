// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/sys/mount.hpp"

#include "vz/base/text.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace vz::sys {

namespace {

Error mount_error(int err, std::string_view call, std::string_view object) {
    return sys_fail(err, Errc::mount, "{} {}", call, object);
}

// "/a\040b" of mountinfo (proc(5)) back to "/a b".
std::string unescaped(std::string_view s) {
    std::string out;
    for (std::size_t i = 0; i < s.size(); ++i) {
        if (s[i] == '\\' && i + 3 < s.size()) {
            out += static_cast<char>((s[i + 1] - '0') * 64 + (s[i + 2] - '0') * 8 + (s[i + 3] - '0'));
            i += 3;
        } else {
            out += s[i];
        }
    }
    return out;
}

std::string escaped_for_overlay(const std::string& path) {
    std::string out;
    for (char c : path) {
        if (c == ':' || c == '\\')
            out += '\\';
        out += c;
    }
    return out;
}

// Of the kinds of access times, one counts: the kernel wants all of them cleared when one is set.
struct MountFlag {
    std::string_view name;
    std::uint64_t set;
    std::uint64_t clear;
};
constexpr std::array k_mount_flags = std::to_array<MountFlag>({
    {"ro", MOUNT_ATTR_RDONLY, 0},
    {"rw", 0, MOUNT_ATTR_RDONLY},
    {"nosuid", MOUNT_ATTR_NOSUID, 0},
    {"suid", 0, MOUNT_ATTR_NOSUID},
    {"nodev", MOUNT_ATTR_NODEV, 0},
    {"dev", 0, MOUNT_ATTR_NODEV},
    {"noexec", MOUNT_ATTR_NOEXEC, 0},
    {"exec", 0, MOUNT_ATTR_NOEXEC},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
    {"diratime", 0, MOUNT_ATTR_NODIRATIME},
    {"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
    {"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {"relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"atime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"defaults", 0, 0},
});

const MountFlag* find_flag(std::string_view option) {
    const auto found = std::find_if(k_mount_flags.begin(), k_mount_flags.end(),
                                    [&](const MountFlag& flag) { return flag.name == option; });
    return found == k_mount_flags.end() ? nullptr : &*found;
}

Result<void> configure(int fs, std::string_view type, unsigned command, const char* key, const char* value) {
    if (::syscall(SYS_fsconfig, fs, command, key, value, 0) == 0)
        return {};
    const int err = errno;
    char reason[512];
    const auto n = ::read(fs, reason, sizeof reason - 1); // the kernel's own explanation, fsopen(2)
    if (n > 2)                                            // "e " first: an error
        return sys_fail(
            err, Errc::mount, "{}: {}", type,
            text::printable(text::trim(std::string_view(reason + 2, static_cast<std::size_t>(n) - 2))));
    return mount_error(err, format("{}: option", type), key ? key : "create");
}

Result<Fd> open_filesystem(const char* type) {
    Fd fs(static_cast<int>(::syscall(SYS_fsopen, type, FSOPEN_CLOEXEC)));
    if (!fs)
        return sys_fail(errno, errno == ENODEV ? Errc::kernel_unsuitable : Errc::mount, "{} file system",
                        type);
    return fs;
}

Result<Fd> mount_of(const Fd& fs, const char* type, unsigned attributes) {
    VZ_TRY(configure(fs.get(), type, FSCONFIG_CMD_CREATE, nullptr, nullptr));
    Fd mount(static_cast<int>(::syscall(SYS_fsmount, fs.get(), FSMOUNT_CLOEXEC, attributes)));
    if (!mount)
        return mount_error(errno, "mount", type);
    return mount;
}

} // namespace

Result<Fd> clone_mount(const std::string& path) {
    Fd tree(static_cast<int>(
        ::syscall(SYS_open_tree, AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
    if (!tree)
        return mount_error(errno, "clone the mount of", path);
    return tree;
}

Result<void> map_owners(const Fd& mount, const Fd& userns, std::string_view name) {
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_IDMAP;
    attributes.userns_fd = static_cast<__u64>(userns.get());
    if (::syscall(SYS_mount_setattr, mount.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0)
        return sys_fail(errno, errno == EINVAL ? Errc::kernel_unsuitable : Errc::mount,
                        "map the owners of {} (id-mapped mount)", name);
    return {};
}

Result<Fd> clone_mount_mapped(const std::string& path, const Fd& userns) {
    VZ_ASSIGN(Fd tree, clone_mount(path));
    VZ_TRY(map_owners(tree, userns, path));
    return tree;
}

Result<void> set_mount_access(const Fd& mount, Access access) {
    mount_attr attributes{};
    (access == Access::read_only ? attributes.attr_set : attributes.attr_clr) = MOUNT_ATTR_RDONLY;
    if (::syscall(SYS_mount_setattr, mount.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0)
        return sys_fail(errno, Errc::mount, "change a mount's access");
    return {};
}

Result<Fd> make_mount(const FilesystemPlan& plan) {
    const char* type = plan.type.c_str();
    VZ_ASSIGN(const Fd fs, open_filesystem(type));
    VZ_TRY(configure(fs.get(), type, FSCONFIG_SET_STRING, "source", plan.device.c_str()));
    for (const auto& [key, value] : plan.options) {
        const bool flag = value.empty();
        VZ_TRY(configure(fs.get(), type, flag ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING, key.c_str(),
                         flag ? nullptr : value.c_str()));
    }
    const bool read_only = plan.access == Access::read_only;
    if (read_only)
        VZ_TRY(configure(fs.get(), type, FSCONFIG_SET_FLAG, "ro", nullptr));
    return mount_of(fs, type, read_only ? MOUNT_ATTR_RDONLY : 0U);
}

bool is_mount_option(std::string_view option) {
    return find_flag(option) != nullptr;
}

Result<void> set_mount_options(const std::string& path, std::string_view options) {
    mount_attr attributes{};
    for (const auto& option : text::split(options, ',')) {
        const auto* flag = find_flag(option);
        if (!flag && !option.empty())
            return fail(Errc::mount, "mount option {} is not known", text::printable(option));
        if (!flag)
            continue;
        attributes.attr_set = (attributes.attr_set & ~flag->clear) | flag->set;
        attributes.attr_clr |= flag->clear;
    }
    if (attributes.attr_set == 0 && attributes.attr_clr == 0)
        return {};
    if (::syscall(SYS_mount_setattr, AT_FDCWD, path.c_str(), 0, &attributes, sizeof attributes) != 0)
        return mount_error(errno, "set options of", path);
    return {};
}

Result<Fd> make_overlay(const OverlayPlan& plan) {
    constexpr const char* type = "overlay";
    VZ_ASSIGN(const Fd fs, open_filesystem(type));
    std::vector<std::string> lower;
    for (const auto& folder : plan.lower)
        lower.push_back(escaped_for_overlay(folder));
    const auto set = [&](const char* key, const std::string& value) {
        return configure(fs.get(), type, FSCONFIG_SET_STRING, key, value.c_str());
    };
    VZ_TRY(set("source", "vz"));
    VZ_TRY(set("lowerdir", text::join(lower, ":")));
    if (plan.upper.empty())
        return mount_of(fs, type, MOUNT_ATTR_RDONLY);
    VZ_TRY(set("upperdir", escaped_for_overlay(plan.upper)));
    VZ_TRY(set("workdir", escaped_for_overlay(plan.work)));
    // Without these two, inotify watches have no file handles and a running container cannot be checkpointed.
    VZ_TRY(set("index", "on"));
    VZ_TRY(set("nfs_export", "on"));
    return mount_of(fs, type, 0);
}

Result<void> attach_mount(const Fd& mount, const std::string& target) {
    if (::syscall(SYS_move_mount, mount.get(), "", AT_FDCWD, target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0)
        return mount_error(errno, "mount on", target);
    return {};
}

std::vector<std::string> mount_points() {
    std::vector<std::string> out;
    const auto table = read_kernel_file("/proc/self/mountinfo").value_or("");
    for (const auto& line : text::split(table, '\n')) {
        const auto fields = text::words(line);
        if (fields.size() > 4)
            out.push_back(unescaped(fields[4]));
    }
    return out;
}

bool is_mount_point(const std::string& path) {
    const auto points = mount_points();
    return std::find(points.begin(), points.end(), path) != points.end();
}

std::vector<std::string> mounts_below(const std::string& path) {
    std::vector<std::string> out;
    for (const auto& point : mount_points())
        if (point == path || point.compare(0, path.size() + 1, path + "/") == 0)
            out.push_back(point);
    std::reverse(out.begin(), out.end()); // mountinfo lists parents before children
    return out;
}

Result<void> unmount_all(const std::string& path) {
    for (const auto& point : mounts_below(path)) {
        const int lazily = point == path ? 0 : MNT_DETACH;
        if (::umount2(point.c_str(), UMOUNT_NOFOLLOW | lazily) != 0 && errno != EINVAL && errno != ENOENT)
            return sys_fail(errno, Errc::umount, "unmount {}", point);
    }
    return {};
}

} // namespace vz::sys
