// SPDX-License-Identifier: GPL-2.0-or-later
// Reading for check.hpp. The processes are the container's: they may end, and may have any number of files.
#include "vz/base/text.hpp"
#include "vz/checkpoint/check.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>
#include <climits>
#include <dirent.h>
#include <filesystem>
#include <memory>
#include <set>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "vz/sys/fd.hpp"

namespace vz::checkpoint {

namespace {

constexpr std::size_t k_most_files = 65536; // of one process: with more, the rest is left to CRIU

std::string read_link(const std::string& path) {
    char buffer[PATH_MAX];
    const auto n = ::readlink(path.c_str(), buffer, sizeof buffer);
    return n > 0 ? std::string(buffer, static_cast<std::size_t>(n)) : std::string();
}

std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder.c_str()), ::closedir);
    while (const dirent* entry = dir ? ::readdir(dir.get()) : nullptr)
        if (entry->d_name[0] != '.' && names.size() < k_most_files)
            names.emplace_back(entry->d_name);
    return names;
}

std::optional<int> socket_option(const sys::Fd& fd, int option) {
    int value = 0;
    socklen_t size = sizeof value;
    return ::getsockopt(fd.get(), SOL_SOCKET, option, &value, &size) == 0 ? std::optional(value)
                                                                          : std::nullopt;
}

// Through a copy of the descriptor: nothing else tells the family of every socket (pidfd_getfd(2)).
void read_socket(const sys::Fd& process, OpenFile& file) {
    const sys::Fd copy(static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), file.number, 0)));
    if (!copy)
        return;
    file.family = socket_option(copy, SO_DOMAIN);
    file.type = socket_option(copy, SO_TYPE);
    file.protocol = socket_option(copy, SO_PROTOCOL);
}

void read_device(const std::string& path, OpenFile& file) {
    struct stat st {};
    if (::stat(path.c_str(), &st) == 0 && (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)))
        file.device =
            format("{} {}:{}", S_ISCHR(st.st_mode) ? 'c' : 'b', major(st.st_rdev), minor(st.st_rdev));
}

std::vector<OpenFile> read_files(const std::string& proc, pid_t pid) {
    const sys::Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    std::vector<OpenFile> files;
    for (const auto& name : names_in(proc + "/fd")) {
        const auto number = text::to_uint(name);
        if (!number)
            continue;
        const auto path = proc + "/fd/" + name;
        OpenFile file;
        file.number = static_cast<int>(*number);
        file.target = read_link(path);
        if (file.target.rfind("socket:", 0) == 0)
            read_socket(process, file);
        else if (file.target.rfind("/dev/", 0) == 0)
            read_device(path, file);
        files.push_back(std::move(file));
    }
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
    return files;
}

// The value of a line "KEY:\tVALUE" of /proc/PID/status.
std::string status_value(const std::string& status, std::string_view key) {
    for (const auto& line : text::split(status, '\n'))
        if (line.size() > key.size() && line.compare(0, key.size(), key) == 0 && line[key.size()] == ':')
            return std::string(text::trim(std::string_view(line).substr(key.size() + 1)));
    return {};
}

struct Seen {
    Process process;
    pid_t parent = 0;
};

std::optional<Seen> read_process(pid_t pid) {
    const auto proc = format("/proc/{}", pid);
    const auto status = sys::read_kernel_file(proc + "/status");
    if (!status || status_value(*status, "State").substr(0, 1) == "Z")
        return std::nullopt;
    const auto numbers = text::words(status_value(*status, "NSpid"));
    Seen seen;
    seen.process.pid = pid;
    seen.process.inside =
        numbers.size() < 2 ? pid : static_cast<pid_t>(text::to_uint(numbers[1]).value_or(0));
    seen.process.command = status_value(*status, "Name");
    seen.process.tracer = static_cast<pid_t>(text::to_uint(status_value(*status, "TracerPid")).value_or(0));
    seen.parent = static_cast<pid_t>(text::to_uint(status_value(*status, "PPid")).value_or(0));
    for (const char* kind : {"mnt", "uts", "ipc", "user", "pid", "time", "net"})
        if (auto name = read_link(proc + "/ns/" + kind); !name.empty())
            seen.process.namespaces[kind] = std::move(name);
    seen.process.files = read_files(proc, pid);
    return seen;
}

void collect_pids(const std::string& group, int depth, std::set<pid_t>& pids) {
    constexpr int k_deepest_here = 32;
    if (const auto text = sys::read_kernel_file(group + "/cgroup.procs"))
        for (const auto& word : text::words(*text))
            if (const auto pid = text::to_uint(word); pid && *pid > 0)
                pids.insert(static_cast<pid_t>(*pid));
    if (depth == k_deepest_here)
        return;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(group, ignored))
        if (entry.is_directory(ignored) && !entry.is_symlink(ignored))
            collect_pids(entry.path(), depth + 1, pids);
}

} // namespace

std::vector<Mounted> parse_mounts(const std::string& mountinfo) {
    std::vector<Mounted> out;
    for (const auto& line : text::split(mountinfo, '\n')) {
        const auto fields = text::words(line);
        const auto dash = std::find(fields.begin(), fields.end(), "-");
        if (fields.size() >= 7 && fields.end() - dash >= 2)
            out.push_back({fields[4], dash[1]});
    }
    return out;
}

Result<Survey> look_at(pid_t init, const std::string& group) {
    std::set<pid_t> pids;
    collect_pids(group, 0, pids);
    pids.erase(init);
    const auto first = read_process(init);
    if (!first)
        return fail(Errc::checkpoint, "the container's init has ended");
    std::vector<Seen> all{*first};
    for (const auto pid : pids)
        if (auto seen = read_process(pid))
            all.push_back(*std::move(seen));
    pids.insert(init);
    Survey survey;
    for (auto& seen : all) {
        auto& process = seen.process;
        process.entered = process.pid != init && pids.count(seen.parent) == 0;
        if (const auto name = process.namespaces.find("mnt"); name != process.namespaces.end())
            if (survey.shown_by.emplace(name->second, process.pid).second)
                survey.mounts[name->second] = parse_mounts(
                    sys::read_kernel_file(format("/proc/{}/mountinfo", process.pid)).value_or(""));
        survey.processes.push_back(std::move(process));
    }
    return survey;
}

} // namespace vz::checkpoint
