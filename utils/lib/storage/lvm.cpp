// SPDX-License-Identifier: GPL-2.0-or-later
#include "lvm.hpp"

#include "vz/base/json.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/process.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <unistd.h>

#ifndef EXT4_IOC_RESIZE_FS
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, __u64) // Documentation/admin-guide/ext4.rst
#endif

namespace vz::storage::lvm {

namespace {

constexpr const char* k_tag = "vz";
constexpr double k_nearly_full = 95.0; // per cent of a pool
constexpr double k_full = 99.9;

// Reports in JSON have what went wrong in them too (lvmreport(7), log report).
std::string error_in_report(const std::string& output) {
    const auto json = Json::parse(output);
    const Json* log = json ? json->find("log") : nullptr;
    if (log && log->as_array())
        for (const auto& line : *log->as_array())
            if (line.string_or("log_type") == "error")
                return line.string_or("log_message");
    return "";
}

// What a program said, as one line; the reason comes last, after warnings.
std::string reason_in(const sys::Exited& exited) {
    auto reason = error_in_report(exited.out);
    if (reason.empty()) {
        const auto lines = text::split(text::trim(exited.err.empty() ? exited.out : exited.err), '\n');
        reason = text::trim(lines.back());
    }
    return text::printable(reason);
}

Result<std::string> run(Errc code, const std::vector<std::string>& arguments, int good_up_to = 0) {
    sys::Command command(arguments);
    // It goes on when we are killed. Whoever comes then must not meet a group that is about to change.
    command.holds_our_locks = true;
    auto exited = sys::run(command);
    if (!exited && exited.error().sys_errno == ENOENT)
        return fail(code, "{} is not installed (packages lvm2, thin-provisioning-tools, e2fsprogs)",
                    arguments[0]);
    if (!exited)
        return std::move(exited).error().as(code);
    if (exited->status <= good_up_to)
        return std::move(exited->out);
    const auto reason = reason_in(*exited);
    if (reason.find("nsufficient free space") != std::string::npos ||
        reason.find("insufficient free space") != std::string::npos)
        code = Errc::no_disk_space;
    return fail(code, "{}: {}", arguments[0], reason);
}

std::uint64_t number(const Json& row, const char* key) {
    return text::to_uint(row.string_or(key)).value_or(0);
}

// lvm2 takes whole sectors only.
std::string bytes_text(std::uint64_t bytes) {
    constexpr std::uint64_t k_sector = 512;
    return std::to_string((bytes + k_sector - 1) / k_sector * k_sector) + "b";
}

std::string full_name(const std::string& group, const std::string& name) {
    return group + "/" + name;
}

Result<std::vector<Json>> report(const std::string& group, const std::string& fields,
                                 const std::string& select) {
    VZ_ASSIGN(const auto text, run(Errc::mount, {"lvs", "--reportformat", "json", "--units", "b",
                                                 "--nosuffix", "-o", fields, "--select", select, group}));
    VZ_ASSIGN(const auto json, Json::parse(text));
    std::vector<Json> rows;
    const Json* reports = json.find("report");
    if (reports && reports->as_array())
        for (const auto& one : *reports->as_array())
            if (const Json* lv = one.find("lv"); lv && lv->as_array())
                rows.insert(rows.end(), lv->as_array()->begin(), lv->as_array()->end());
    return rows;
}

struct PoolUse {
    double data = 0; // per cent
    double metadata = 0;
};

// Nothing: there is no such pool.
Result<std::optional<PoolUse>> use_of_pool(const std::string& group, const std::string& pool) {
    VZ_ASSIGN(const auto rows,
              report(group, "lv_name,data_percent,metadata_percent,lv_attr", "lv_name=" + pool));
    if (rows.empty() || rows[0].string_or("lv_attr").substr(0, 1) != "t")
        return std::optional<PoolUse>{};
    return std::optional(PoolUse{std::strtod(rows[0].string_or("data_percent").c_str(), nullptr),
                                 std::strtod(rows[0].string_or("metadata_percent").c_str(), nullptr)});
}

Result<void> check_use(const std::string& group, const std::string& pool, const PoolUse& use, double most) {
    if (use.data < most && use.metadata < most)
        return {};
    return fail(
        Errc::no_disk_space,
        "thin pool {}/{} is full ({:.0f} % of data, {:.0f} % of metadata in use): make it larger with "
        "`lvextend`, or remove containers or snapshots",
        group, pool, use.data, use.metadata);
}

} // namespace

Result<std::vector<LogicalVolume>> list(const std::string& group, const std::string& prefix) {
    if (group.empty())
        return fail(Errc::unknown_mount_type, "VE_VOLUME_GROUP in vz.conf names no volume group");
    VZ_ASSIGN(const auto rows, report(group, "lv_name,lv_size,lv_device_open", "lv_name=~^" + prefix));
    std::vector<LogicalVolume> out;
    for (const auto& row : rows) {
        LogicalVolume volume{row.string_or("lv_name"), number(row, "lv_size"),
                             row.string_or("lv_device_open") == "open"};
        if (volume.name.compare(0, prefix.size(), prefix) == 0)
            out.push_back(std::move(volume));
    }
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return out;
}

Result<std::optional<LogicalVolume>> find(const std::string& group, const std::string& name) {
    VZ_ASSIGN(auto volumes, list(group, name));
    for (auto& volume : volumes)
        if (volume.name == name)
            return std::optional(std::move(volume));
    return std::optional<LogicalVolume>{};
}

std::string device(const std::string& group, const std::string& name) {
    return format("/dev/{}/{}", group, name);
}

Result<void> activate(const std::string& group, const std::string& name) {
    if (sys::exists(device(group, name)))
        return {};
    VZ_ASSIGN(const auto volume, find(group, name).as(Errc::no_private));
    if (!volume)
        return fail(Errc::no_private, "logical volume {}/{} with the container's files is gone", group, name);
    VZ_TRY(run(Errc::mount,
               {"lvchange", "--yes", "--activate", "y", "--ignoreactivationskip", full_name(group, name)}));
    if (!sys::exists(device(group, name)))
        return fail(Errc::mount, "{} does not appear although the volume is active", device(group, name));
    return {};
}

Result<void> check_pool(const std::string& group, const std::string& pool) {
    if (group.empty() || pool.empty())
        return fail(Errc::unknown_mount_type,
                    "layout lvmthin needs VE_VOLUME_GROUP and VE_THIN_POOL in vz.conf (docs/storage.md)");
    VZ_ASSIGN(const auto use, use_of_pool(group, pool));
    if (!use)
        return fail(Errc::unknown_mount_type,
                    "{}/{} is not a thin pool; make it with `lvcreate --type thin-pool`", group, pool);
    return check_use(group, pool, *use, k_nearly_full);
}

Result<void> check_pool_for_writing(const std::string& group, const std::string& pool) {
    VZ_ASSIGN(const auto use, use_of_pool(group, pool).as(Errc::mount));
    return use ? check_use(group, pool, *use, k_full) : Result<void>(); // perhaps it was given another name
}

Result<void> create(const std::string& group, const std::string& name, std::uint64_t bytes) {
    VZ_TRY(run(Errc::create_private, {"lvcreate", "--yes", "--wipesignatures", "y", "--addtag", k_tag,
                                      "--name", name, "--size", bytes_text(bytes), group}));
    return {};
}

Result<void> create_thin(const std::string& group, const std::string& pool, const std::string& name,
                         std::uint64_t bytes) {
    VZ_TRY(run(Errc::create_private, {"lvcreate", "--yes", "--addtag", k_tag, "--name", name, "--virtualsize",
                                      bytes_text(bytes), "--thinpool", pool, group}));
    return {};
}

Result<void> snapshot(const std::string& group, const std::string& origin, const std::string& name) {
    // By default the snapshots of thin volumes stay inactive.
    VZ_TRY(run(Errc::create_private,
               {"lvcreate", "--yes", "--snapshot", "--setactivationskip", "n", "--activate", "y",
                "--permission", "rw", "--addtag", k_tag, "--name", name, full_name(group, origin)}));
    return {};
}

Result<void> rename(const std::string& group, const std::string& from, const std::string& to) {
    VZ_TRY(run(Errc::system, {"lvrename", "--yes", group, from, to}));
    return {};
}

Result<void> extend(const std::string& group, const std::string& name, std::uint64_t bytes) {
    VZ_TRY(run(Errc::resize, {"lvextend", "--yes", "--size", bytes_text(bytes), full_name(group, name)}));
    return {};
}

Result<void> reduce(const std::string& group, const std::string& name, std::uint64_t bytes) {
    VZ_TRY(run(Errc::resize,
               {"lvreduce", "--yes", "--force", "--size", bytes_text(bytes), full_name(group, name)}));
    return {};
}

Result<void> remove(const std::string& group, const std::vector<LogicalVolume>& volumes) {
    for (const auto& volume : volumes)
        VZ_TRY(run(Errc::delete_private, {"lvremove", "--yes", "--force", full_name(group, volume.name)}));
    return {};
}

Result<void> make_ext4(const std::string& device) {
    // Project quotas for the limit of files. No reserve: root of the host has no business inside.
    VZ_TRY(run(Errc::create_private, {"mkfs.ext4", "-q", "-F", "-m", "0", "-O", "quota,project", "-E",
                                      "quotatype=prjquota,lazy_itable_init=1,root_owner=0:0", device}));
    return {};
}

Result<sys::Fd> mount_ext4(const std::string& device, sys::Access access, Discard discard) {
    sys::FilesystemPlan plan{"ext4", device, {{"prjquota", ""}, {"errors", "remount-ro"}}, access};
    if (discard == Discard::yes)
        plan.options.emplace_back("discard", "");
    return sys::make_mount(plan);
}

Result<void> grow_ext4(const sys::Fd& mount, std::uint64_t bytes) {
    const sys::Fd fd(::openat(mount.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct statfs fs {};
    if (!fd || ::fstatfs(fd.get(), &fs) != 0)
        return sys_fail(errno, Errc::resize, "look at the file system");
    auto blocks = bytes / static_cast<std::uint64_t>(fs.f_bsize);
    if (::ioctl(fd.get(), EXT4_IOC_RESIZE_FS, &blocks) != 0)
        return sys_fail(errno, Errc::resize, "grow the file system");
    return {};
}

Result<void> shrink_ext4(const std::string& device, std::uint64_t bytes) {
    VZ_TRY(run(Errc::resize, {"e2fsck", "-f", "-y", device}, 1)); // 1: repaired
    VZ_TRY(run(Errc::resize, {"resize2fs", device, format("{}K", bytes / 1024)}));
    return {};
}

} // namespace vz::storage::lvm
