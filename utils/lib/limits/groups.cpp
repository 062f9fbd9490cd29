// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/limits/groups.hpp"

#include "vz/base/format.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>

namespace vz::limits {

namespace {

// Mount point of the hierarchy that has `controller` ("" for unified): field 5 of mountinfo, type and options
// last.
std::optional<std::string> mount_of(std::string_view mountinfo, std::string_view controller) {
    for (const auto& line : text::split(mountinfo, '\n')) {
        const auto fields = text::words(line);
        const auto dash = std::find(fields.begin(), fields.end(), "-");
        if (fields.size() < 7 || fields.end() - dash < 4 || fields[3] != "/")
            continue;
        const auto& type = dash[1];
        const auto options = text::split(dash[3], ',');
        const bool has = std::find(options.begin(), options.end(), controller) != options.end();
        if ((controller.empty() && type == "cgroup2") || (!controller.empty() && type == "cgroup" && has))
            return fields[4];
    }
    return std::nullopt;
}

} // namespace

Groups find_groups(std::string_view proc_cgroup, std::string_view mountinfo) {
    Groups groups;
    for (const auto& line : text::split(proc_cgroup, '\n')) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos)
            continue;
        const auto path = line.substr(second + 1);
        for (const auto& controller : text::split(line.substr(first + 1, second - first - 1), ','))
            if (const auto mount = mount_of(mountinfo, controller))
                groups[controller] = *mount + (path == "/" ? "" : path);
    }
    return groups;
}

std::optional<std::uint64_t> keyed_number(std::string_view content, std::string_view key) {
    for (const auto& line : text::split(content, '\n')) {
        const auto fields = text::words(line);
        if (fields.size() == 2 && fields[0] == key)
            return text::to_uint(fields[1]);
    }
    return std::nullopt;
}

std::optional<std::uint64_t> read_counter(const Groups& groups, std::string_view controller,
                                          const Counter& v1, const Counter& v2) {
    auto group = groups.find(std::string(controller));
    const auto& counter = group != groups.end() ? v1 : v2;
    if (group == groups.end())
        group = groups.find("");
    if (group == groups.end() || counter.file.empty())
        return std::nullopt;
    const auto content = sys::read_kernel_file(format("{}/{}", group->second, counter.file));
    if (!content)
        return std::nullopt;
    return counter.key.empty() ? text::to_uint(text::trim(*content)) : keyed_number(*content, counter.key);
}

} // namespace vz::limits
