// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/checkpoint/group_tree.hpp"

#include "vz/base/json.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/fd.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <fcntl.h>
#include <filesystem>
#include <set>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace vz::checkpoint {

namespace {

constexpr std::array k_limits = {"memory.max",      "memory.high",      "memory.low",  "memory.min",
                                 "memory.swap.max", "memory.oom.group", "cpu.max",     "cpu.weight",
                                 "pids.max",        "io.weight",        "cpuset.cpus", "cpuset.mems"};
constexpr std::size_t k_most_groups = 20000;
constexpr int k_deepest = 64;

bool is_usual(const struct stat& st) {
    return st.st_uid == 0 && st.st_gid == 0;
}

std::string value_of(const std::string& path) {
    return std::string(text::trim(sys::read_kernel_file(path).value_or("")));
}

GroupFile describe(const std::string& name, const struct stat& st) {
    return {name, st.st_uid, st.st_gid, st.st_mode & 07777};
}

Group read_group(const std::string& folder, const std::string& path, std::vector<std::string>& children) {
    Group group;
    group.path = path;
    group.controllers = text::words(sys::read_kernel_file(folder + "/cgroup.subtree_control").value_or(""));
    struct stat st {};
    if (::stat(folder.c_str(), &st) == 0)
        group.files.push_back(describe("", st));
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
        const auto name = entry.path().filename().string();
        if (::lstat(entry.path().c_str(), &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode))
            children.push_back(name);
        else if (!is_usual(st))
            group.files.push_back(describe(name, st));
    }
    for (const char* name : k_limits)
        if (auto value = value_of(folder + "/" + name); !value.empty())
            group.limits.emplace_back(name, std::move(value));
    std::sort(children.begin(), children.end());
    return group;
}

Result<void> read_below(const std::string& folder, const std::string& path, int depth, GroupTree& tree) {
    if (tree.size() >= k_most_groups || depth > k_deepest)
        return fail(Errc::checkpoint, "the container has more than {} control groups", k_most_groups);
    std::vector<std::string> children;
    tree.push_back(read_group(folder, path, children));
    for (const auto& child : children)
        VZ_TRY(read_below(folder + "/" + child, path == "." ? child : path + "/" + child, depth + 1, tree));
    return {};
}

Json to_json(const Group& group) {
    Json json;
    json.set("path", group.path);
    json.set("controllers", Json::strings(group.controllers));
    Json::Array files;
    for (const auto& file : group.files) {
        Json entry;
        entry.set("name", file.name);
        entry.set("uid", std::uint64_t{file.uid});
        entry.set("gid", std::uint64_t{file.gid});
        entry.set("mode", std::uint64_t{file.mode});
        files.push_back(std::move(entry));
    }
    json.set("files", std::move(files));
    Json::Array limits;
    for (const auto& [name, value] : group.limits)
        limits.push_back(Json::strings({name, value}));
    json.set("limits", std::move(limits));
    return json;
}

std::uint32_t number(const Json& json, std::string_view key) {
    const auto* value = json.find(key);
    return value ? static_cast<std::uint32_t>(value->as_uint()) : 0;
}

std::vector<std::string> strings_of(const Json* json) {
    std::vector<std::string> out;
    if (json && json->as_array())
        for (const auto& entry : *json->as_array())
            out.push_back(entry.as_string() ? *entry.as_string() : "");
    return out;
}

bool is_plain_name(std::string_view name) {
    return name.find('/') == name.npos && name != "." && name != "..";
}

Result<Group> parse_group(const Json& json) {
    Group group;
    group.path = json.string_or("path");
    group.controllers = strings_of(json.find("controllers"));
    if (const auto* files = json.find("files"); files && files->as_array())
        for (const auto& entry : *files->as_array())
            group.files.push_back(
                {entry.string_or("name"), number(entry, "uid"), number(entry, "gid"), number(entry, "mode")});
    if (const auto* limits = json.find("limits"); limits && limits->as_array())
        for (const auto& entry : *limits->as_array())
            if (const auto both = strings_of(&entry); both.size() == 2)
                group.limits.emplace_back(both[0], both[1]);
    for (const auto& file : group.files)
        if (!is_plain_name(file.name))
            return fail(Errc::restore, "the control groups of the dump cannot be read");
    const bool known = std::all_of(group.limits.begin(), group.limits.end(), [](const auto& limit) {
        return std::find(k_limits.begin(), k_limits.end(), limit.first) != k_limits.end();
    });
    if (group.path.empty() || !known)
        return fail(Errc::restore, "the control groups of the dump cannot be read");
    return group;
}

void write_value(const sys::Dir& dir, const std::string& file, const std::string& value) {
    if (const auto fd = dir.open_at(file, O_WRONLY))
        (void)!::write(fd->get(), value.data(), value.size());
}

void write_limits(const sys::Dir& dir, const Group& group) {
    for (const auto& [name, value] : group.limits) {
        const auto path = group.path + "/" + name;
        const auto now = dir.read_file(path);
        if (now && *now && text::trim(**now) != value)
            write_value(dir, path, value);
    }
}

void write_owners(const sys::Dir& dir, const Group& group) {
    for (const auto& file : group.files) {
        const auto path = file.name.empty() ? group.path : group.path + "/" + file.name;
        const auto fd = dir.open_at(path, O_PATH | O_NOFOLLOW);
        if (!fd)
            continue;
        (void)!::fchownat(fd->get(), "", file.uid, file.gid, AT_EMPTY_PATH);
        (void)::chmod(format("/proc/self/fd/{}", fd->get()).c_str(), file.mode);
    }
}

} // namespace

std::string to_text(const GroupTree& tree) {
    Json::Array groups;
    for (const auto& group : tree)
        groups.push_back(to_json(group));
    return Json(std::move(groups)).dump() + "\n";
}

Result<GroupTree> parse_group_tree(std::string_view text) {
    VZ_ASSIGN(const auto json, Json::parse(text).as(Errc::restore));
    GroupTree tree;
    if (!json.as_array() || json.as_array()->size() > k_most_groups)
        return fail(Errc::restore, "the control groups of the dump cannot be read");
    for (const auto& entry : *json.as_array()) {
        VZ_ASSIGN(auto group, parse_group(entry));
        tree.push_back(std::move(group));
    }
    return tree;
}

Result<GroupTree> read_groups(const std::string& group) {
    GroupTree tree;
    VZ_TRY(read_below(group, ".", 0, tree));
    return tree;
}

Result<void> write_groups(const std::string& group, const GroupTree& tree, bool with_own) {
    VZ_ASSIGN(const auto dir, sys::Dir::open(group));
    for (const auto& one : tree) {
        VZ_TRY(dir.make_dirs(one.path).as(Errc::restore));
        for (const auto& controller : one.controllers)
            write_value(dir, one.path + "/cgroup.subtree_control", "+" + controller);
    }
    for (const auto& one : tree) {
        if (with_own || one.path != ".")
            write_limits(dir, one);
        write_owners(dir, one);
    }
    return {};
}

bool remove_groups(const std::string& group) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(group, ignored))
        if (entry.is_directory(ignored) && !entry.is_symlink(ignored))
            (void)remove_groups(entry.path());
    return ::rmdir(group.c_str()) == 0 || errno == ENOENT;
}

std::vector<pid_t> processes_in(const std::string& group) {
    std::set<pid_t> all;
    std::error_code ignored;
    const auto collect = [&](const std::string& folder) {
        for (const auto& word : text::words(sys::read_kernel_file(folder + "/cgroup.procs").value_or("")))
            if (const auto pid = text::to_uint(word); pid && *pid > 0)
                all.insert(static_cast<pid_t>(*pid));
    };
    collect(group);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(group, ignored))
        if (entry.is_directory(ignored))
            collect(entry.path());
    return {all.begin(), all.end()};
}

void watch_pressure_again(const std::string& group) {
    // What systemd asks for itself (DefaultMemoryPressureThresholdSec=200ms): the kernel shows to nobody what
    // was asked.
    using namespace std::string_view_literals;
    constexpr auto k_wish = "some 200000 2000000\0"sv;
    constexpr std::string_view k_end = ".pressure";
    for (const auto pid : processes_in(group)) {
        const sys::Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
        std::error_code ignored;
        for (const auto& entry : std::filesystem::directory_iterator(format("/proc/{}/fd", pid), ignored)) {
            const auto target = std::filesystem::read_symlink(entry.path(), ignored).string();
            const auto fd = text::to_uint(entry.path().filename().string());
            if (!fd || target.size() < k_end.size() ||
                target.compare(target.size() - k_end.size(), k_end.size(), k_end) != 0)
                continue;
            const sys::Fd file(
                static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), static_cast<int>(*fd), 0)));
            if (file)
                (void)!::write(file.get(), k_wish.data(), k_wish.size());
        }
    }
}

} // namespace vz::checkpoint
