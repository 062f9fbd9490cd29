// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/runtime.hpp"

#include "vz/base/json.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/file.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace vz::ops {

namespace {

std::string record_path(const config::HostPaths& paths, config::Ctid ctid) {
    return paths.ct_run_dir(ctid) + "/runtime.json";
}

std::string marker_path(const config::HostPaths& paths, config::Ctid ctid) {
    return paths.ct_run_dir(ctid) + "/mounted";
}

// Fields of /proc/PID/stat from the third on; the second, the program's name, may hold blanks and
// parentheses.
std::vector<std::string> stat_fields(pid_t pid) {
    const auto stat = sys::read_kernel_file(format("/proc/{}/stat", pid)).value_or("");
    const auto end = stat.rfind(')');
    return end == std::string::npos ? std::vector<std::string>{} : text::words(stat.substr(end + 1));
}

std::optional<Runtime> parse_record(const std::string& content) {
    const auto json = Json::parse(content);
    if (!json)
        return std::nullopt;
    const Json* init = json->find("init");
    const Json* start = json->find("start_ticks");
    const Json* groups = json->find("groups");
    if (!init || !start || !groups || !groups->as_object())
        return std::nullopt;
    Runtime runtime{static_cast<pid_t>(init->as_uint()), start->as_uint(), {}, {}};
    for (const auto& [controller, path] : *groups->as_object())
        if (path.as_string())
            runtime.groups[controller] = *path.as_string();
    return runtime;
}

} // namespace

std::optional<std::uint64_t> process_start_ticks(pid_t pid) {
    const auto fields = stat_fields(pid);
    if (fields.size() < 20 || fields[0] == "Z" || fields[0] == "X")
        return std::nullopt;
    return text::to_uint(fields[19]);
}

std::optional<double> process_age(pid_t pid) {
    const auto ticks = process_start_ticks(pid);
    const auto uptime = text::words(sys::read_kernel_file("/proc/uptime").value_or(""));
    if (!ticks || uptime.empty())
        return std::nullopt;
    const double now = std::strtod(uptime[0].c_str(), nullptr);
    return now - static_cast<double>(*ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::optional<Runtime> load_runtime(const config::HostPaths& paths, config::Ctid ctid) {
    const auto content = sys::read_file(record_path(paths, ctid));
    if (!content || !*content)
        return std::nullopt;
    auto runtime = parse_record(**content);
    if (!runtime || runtime->init <= 1 || process_start_ticks(runtime->init) != runtime->start_ticks)
        return std::nullopt;
    runtime->folder = paths.ct_run_dir(ctid);
    return runtime;
}

Result<void> save_runtime(const config::HostPaths& paths, config::Ctid ctid, const Runtime& runtime) {
    Json json;
    json.set("init", static_cast<std::int64_t>(runtime.init));
    json.set("start_ticks", runtime.start_ticks);
    Json::Object groups;
    for (const auto& [controller, path] : runtime.groups)
        groups.emplace_back(controller, path);
    json.set("groups", std::move(groups));
    VZ_TRY(sys::make_dirs(paths.ct_run_dir(ctid)));
    return sys::write_file_atomic(record_path(paths, ctid), json.dump() + "\n");
}

bool has_record(const config::HostPaths& paths, config::Ctid ctid) {
    return sys::exists(record_path(paths, ctid));
}

void forget_runtime(const config::HostPaths& paths, config::Ctid ctid) {
    ::unlink(record_path(paths, ctid).c_str());
    for (const char* name : {"/bindmounts", "/criu.conf", "/held"})
        ::unlink((paths.ct_run_dir(ctid) + name).c_str());
    ::unlink((paths.ct_run_dir(ctid) + "/seen.json").c_str()); // of usage.hpp
    sys::sweep_temporaries(paths.ct_run_dir(ctid));
}

void mark_mounted(const config::HostPaths& paths, config::Ctid ctid, bool on_purpose) {
    const auto path = marker_path(paths, ctid);
    if (!on_purpose) {
        ::unlink(path.c_str());
        return;
    }
    (void)sys::make_dirs(paths.ct_run_dir(ctid));
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd >= 0)
        ::close(fd);
}

bool is_marked_mounted(const config::HostPaths& paths, config::Ctid ctid) {
    return sys::exists(marker_path(paths, ctid));
}

} // namespace vz::ops
