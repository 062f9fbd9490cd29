// SPDX-License-Identifier: GPL-2.0-or-later
#include "lxcfs.hpp"

#include "vz/base/text.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>
#include <array>

namespace vz::ops {

namespace {

constexpr const char* k_folder = "/var/lib/lxcfs";
constexpr std::array<std::string_view, 2> k_memory = {"proc/meminfo", "proc/swaps"};
constexpr std::array<std::string_view, 6> k_others = {"proc/cpuinfo", "proc/diskstats",
                                                      "proc/loadavg", "proc/stat",
                                                      "proc/uptime",  "sys/devices/system/cpu/online"};

void add(std::vector<engine::GuestConfig::Bind>& binds, std::string_view file) {
    const auto source = format("{}/{}", k_folder, file);
    if (sys::exists(source)) // also false when its process has died
        binds.push_back({source, std::string(file)});
}

} // namespace

bool is_lxcfs(std::string_view mountinfo, std::string_view folder) {
    for (const auto& line : text::split(mountinfo, '\n')) {
        const auto fields = text::words(line);
        const auto dash = std::find(fields.begin(), fields.end(), "-");
        if (fields.size() >= 7 && fields.end() - dash >= 2 && fields[4] == folder && dash[1] == "fuse.lxcfs")
            return true;
    }
    return false;
}

std::vector<engine::GuestConfig::Bind> lxcfs_binds(const config::Container& container) {
    std::vector<engine::GuestConfig::Bind> binds;
    if (!is_lxcfs(sys::read_kernel_file("/proc/self/mountinfo").value_or(""), k_folder))
        return binds;
    if (container.get_or("MEMINFO", "") != "none")
        for (const auto file : k_memory)
            add(binds, file);
    for (const auto file : k_others)
        add(binds, file);
    return binds;
}

} // namespace vz::ops
