// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/limits/facts.hpp"

#include "vz/base/text.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace vz::limits {

namespace {

std::vector<std::string> names_in(const std::string& folder) {
    const auto dir = sys::Dir::open(folder);
    const auto names = dir ? dir->list() : Result<std::vector<std::string>>(Error{});
    return names ? *names : std::vector<std::string>{};
}

std::optional<IdList> read_list(const std::string& path) {
    const auto content = sys::read_kernel_file(path);
    const auto list = content ? IdList::parse(*content) : Result<IdList>(Error{});
    return list ? std::optional(*list) : std::nullopt;
}

std::string device_text(dev_t device) {
    return format("{}:{}", major(device), minor(device));
}

// The folder of a block device, ".../block/vda/vda1"; "" if there is none.
std::string sysfs_folder(const std::string& device) {
    char resolved[PATH_MAX];
    return ::realpath(("/sys/dev/block/" + device).c_str(), resolved) ? resolved : "";
}

// Limits are kept on whole disks only: of a partition, the disk it is a part of.
std::string whole_disk(const std::string& device) {
    const auto folder = sysfs_folder(device);
    if (folder.empty() || !sys::exists(folder + "/partition"))
        return device;
    const auto disk = sys::read_kernel_file(folder.substr(0, folder.rfind('/')) + "/dev");
    return disk ? std::string(text::trim(*disk)) : device;
}

// All devices of the btrfs that has the device of this name ("vda1") among its own.
std::vector<std::string> btrfs_devices(const std::string& name) {
    constexpr auto k_btrfs = "/sys/fs/btrfs";
    std::vector<std::string> devices;
    for (const auto& file_system : names_in(k_btrfs)) {
        const auto folder = format("{}/{}/devices", k_btrfs, file_system);
        const auto names = names_in(folder);
        if (std::find(names.begin(), names.end(), name) == names.end())
            continue;
        for (const auto& other : names)
            if (const auto device = sys::read_kernel_file(format("{}/{}/dev", folder, other)))
                devices.emplace_back(text::trim(*device));
    }
    return devices;
}

std::vector<std::string> devices_by_source(const std::string& folder) {
    const auto mounts = sys::read_kernel_file("/proc/self/mountinfo").value_or("");
    const auto source = mount_source(mounts, folder);
    struct stat st {};
    if (!source || ::stat(source->c_str(), &st) != 0 || !S_ISBLK(st.st_mode))
        return {};
    const auto device = device_text(st.st_rdev);
    const auto folder_of_device = sysfs_folder(device);
    auto devices = btrfs_devices(folder_of_device.substr(folder_of_device.rfind('/') + 1));
    return devices.empty() ? std::vector{device} : devices;
}

bool is_below(std::string_view path, std::string_view mount_point) {
    return mount_point == "/" || path == mount_point ||
           (path.substr(0, mount_point.size()) == mount_point && path[mount_point.size()] == '/');
}

} // namespace

std::optional<std::string> mount_source(std::string_view mountinfo, std::string_view path) {
    std::optional<std::string> source;
    std::size_t longest = 0;
    for (const auto& line : text::split(mountinfo, '\n')) {
        const auto fields = text::words(line);
        const auto dash = std::find(fields.begin(), fields.end(), "-");
        if (fields.size() < 7 || fields.end() - dash < 3 || !is_below(path, fields[4]))
            continue;
        if (fields[4].size() >= longest) { // of stacked mounts, the last
            longest = fields[4].size();
            source = dash[2];
        }
    }
    return source;
}

std::vector<std::string> disks_below(const std::string& folder) {
    struct stat st {};
    if (::stat(folder.c_str(), &st) != 0)
        return {};
    // Major 0: a number without a device, as btrfs and network file systems have it.
    const auto devices =
        major(st.st_dev) != 0 ? std::vector{device_text(st.st_dev)} : devices_by_source(folder);
    std::vector<std::string> disks;
    for (const auto& device : devices)
        disks.push_back(whole_disk(device));
    return disks;
}

Facts read_facts(const std::vector<std::string>& folders) {
    Facts facts;
    facts.cpus = read_list("/sys/devices/system/cpu/online").value_or(IdList());
    facts.nodes = read_list("/sys/devices/system/node/online").value_or(*IdList::parse("0"));
    for (const auto node : facts.nodes.ids())
        if (auto cpus = read_list(format("/sys/devices/system/node/node{}/cpulist", node)))
            facts.node_cpus.emplace(node, *std::move(cpus));
    for (const auto& folder : folders)
        for (const auto& disk : disks_below(folder))
            if (std::find(facts.io_devices.begin(), facts.io_devices.end(), disk) == facts.io_devices.end())
                facts.io_devices.push_back(disk);
    return facts;
}

} // namespace vz::limits
