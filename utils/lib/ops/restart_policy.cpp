// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/restart_policy.hpp"

#include "vz/base/text.hpp"
#include "vz/config/registry.hpp"
#include "vz/ops/runtime.hpp"
#include "vz/ops/start.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>
#include <ctime>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace vz::ops {

namespace {

constexpr std::time_t k_long_enough = 600; // seconds
constexpr unsigned k_most_failed_starts = 10;

std::string down_path(const config::HostPaths& paths, config::Ctid ctid) {
    return paths.ct_run_dir(ctid) + "/stay-down";
}

std::string count_path(const config::HostPaths& paths, config::Ctid ctid) {
    return paths.ct_run_dir(ctid) + "/restarts";
}

bool ran_long_enough(const config::HostPaths& paths, config::Ctid ctid) {
    struct stat st {};
    const auto record = paths.ct_run_dir(ctid) + "/runtime.json"; // written at each start
    return ::stat(record.c_str(), &st) == 0 && std::time(nullptr) - st.st_mtime >= k_long_enough;
}

bool is_wanted(const config::Host& host, config::Ctid ctid, const Ended& ended) {
    const auto container = config::load_container(host, ctid);
    if (!container || container->is_yes("DISABLED") || is_running(host.paths, ctid) ||
        sys::exists(down_path(host.paths, ctid)))
        return false;
    const auto policy = restart_policy(*container);
    return policy == RestartPolicy::always || (policy == RestartPolicy::on_failure && ended.failed);
}

} // namespace

std::optional<RestartPolicy> parse_restart_policy(std::string_view text) {
    if (text == "no")
        return RestartPolicy::no;
    if (text == "on-failure")
        return RestartPolicy::on_failure;
    return text == "always" ? std::optional(RestartPolicy::always) : std::nullopt;
}

RestartPolicy restart_policy(const config::Container& container) {
    return parse_restart_policy(container.get_or("RESTART", "no")).value_or(RestartPolicy::no);
}

bool has_failed(std::string_view engine_log) {
    constexpr std::string_view k_signal = " ended on signal ";
    constexpr std::string_view k_error = " ended on error (";
    const auto signal = engine_log.rfind(k_signal);
    const auto error = engine_log.rfind(k_error);
    if (error != engine_log.npos && (signal == engine_log.npos || error > signal))
        return true;
    if (signal == engine_log.npos)
        return false;
    const auto name = engine_log.substr(signal, engine_log.find(')', signal) - signal);
    return name.substr(name.rfind('(') + 1) != "2";
}

std::chrono::seconds restart_delay(unsigned times) {
    return std::chrono::seconds(std::min(300U, 1U << std::min(times, 9U)));
}

void note_end(const config::Container& container, Ended& ended) {
    const auto& paths = container.host().paths;
    const auto ctid = container.ctid();
    if (restart_policy(container) == RestartPolicy::no)
        return;
    ended.failed =
        has_failed(sys::read_file(paths.ct_run_dir(ctid) + "/lxc.log").value_or(std::nullopt).value_or(""));
    const auto before = sys::read_file(count_path(paths, ctid)).value_or(std::nullopt).value_or("");
    if (!ran_long_enough(paths, ctid))
        ended.times = static_cast<unsigned>(
            std::min<std::uint64_t>(text::to_uint(text::trim(before)).value_or(0), 1000));
    (void)sys::write_file_atomic(count_path(paths, ctid), std::to_string(ended.times + 1) + "\n");
}

void stay_down(const config::Container& container) {
    const auto& paths = container.host().paths;
    if (restart_policy(container) == RestartPolicy::no)
        return;
    (void)sys::make_dirs(paths.ct_run_dir(container.ctid()));
    (void)sys::write_file_atomic(down_path(paths, container.ctid()), "");
}

void forget_restarts(const config::HostPaths& paths, config::Ctid ctid) {
    ::unlink(down_path(paths, ctid).c_str());
    ::unlink(count_path(paths, ctid).c_str());
}

Result<bool> restart_by_policy(const config::Host& host, config::Ctid ctid, Ended ended, Reporter& out) {
    const auto engine = make_engine(host);
    const Context context{host, *engine, out};
    for (unsigned failures = 0; failures < k_most_failed_starts && is_wanted(host, ctid, ended); ++failures) {
        const auto delay = restart_delay(ended.times + failures);
        out.info(format("ended by itself; starting it again in {} s", delay.count()));
        std::this_thread::sleep_for(delay);
        if (!is_wanted(host, ctid, ended))
            return false;
        StartRequest request;
        request.by_policy = true;
        const auto started = start(context, ctid, request);
        if (started)
            return true;
        out.warning("start it again: " + started.error().what);
    }
    return false;
}

} // namespace vz::ops
