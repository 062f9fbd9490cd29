// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/exec.hpp"

#include "terminal_type.hpp"
#include "vz/base/text.hpp"
#include "vz/config/registry.hpp"
#include "vz/engine/guest_config.hpp"
#include "vz/ops/lxc_setup.hpp"
#include "vz/ops/mount.hpp"
#include "vz/ops/runtime.hpp"
#include "vz/sys/file.hpp"

#include <chrono>
#include <thread>
#include <unistd.h>

namespace vz::ops {

namespace {

constexpr const char* k_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
// One argument may have at most 128 KiB (execve(2)); longer scripts go through standard input.
constexpr std::size_t k_longest_argument = 100000;

std::vector<std::string> exec_environment() {
    return {"HOME=/", "TERM=linux", format("PATH={}", k_path)};
}

std::vector<std::vector<std::string>> shells(const std::vector<std::string>& arguments) {
    std::vector<std::vector<std::string>> out{{"/bin/bash"}, {"/bin/sh"}};
    for (auto& argv : out)
        argv.insert(argv.end(), arguments.begin(), arguments.end());
    return out;
}

// argv[0] with a slash as it is, else in each folder of the path in turn.
std::vector<std::vector<std::string>> direct_candidates(const std::vector<std::string>& argv) {
    if (argv[0].find('/') != std::string::npos)
        return {argv};
    std::vector<std::vector<std::string>> out;
    for (const auto& folder : text::split(k_path, ':')) {
        auto candidate = argv;
        candidate[0] = folder + "/" + argv[0];
        out.push_back(std::move(candidate));
    }
    return out;
}

engine::AttachRequest script_request(const std::string& script) {
    engine::AttachRequest request;
    request.environment = exec_environment();
    if (script.size() <= k_longest_argument) {
        request.candidates = shells({"-c", script});
    } else {
        request.candidates = shells({"-s"});
        request.input = script;
        request.use_input = true;
    }
    return request;
}

Result<config::Container> running_container(const Context& context, config::Ctid ctid) {
    VZ_ASSIGN(auto container, config::load_container(context.host, ctid));
    if (!is_running(context.host.paths, ctid))
        return fail(Errc::not_running, "Container is not running");
    return container;
}

Result<int> run_in_stopped(const Context& context, const config::Container& container,
                           const std::string& script) {
    VZ_ASSIGN(const auto lock, lock_container(context, container.ctid(), "running a script"));
    const bool was_mounted = is_mounted(container);
    if (!was_mounted)
        VZ_TRY(mount(context, container));
    auto status = prepare_lxc(context, container).has_value()
                      ? context.engine.run_alone(engine_name(container), script_request(script))
                      : Result<int>(fail(Errc::environment, "the configuration could not be generated"));
    after_stop(context, container);
    if (!was_mounted)
        VZ_TRY(unmount(context, container));
    return status;
}

} // namespace

Result<int> exec(const Context& context, config::Ctid ctid, ExecMode mode,
                 const std::vector<std::string>& words) {
    VZ_ASSIGN(const auto container, running_container(context, ctid));
    if (words.empty())
        return fail(Errc::bad_syntax, "No command is specified");
    engine::AttachRequest request;
    request.environment = exec_environment();
    if (mode == ExecMode::direct)
        request.candidates = direct_candidates(words);
    else if (words == std::vector<std::string>{"-"})
        request.candidates = shells({});
    else
        request.candidates = shells({"-c", text::join(words, " ")});
    return context.engine.attach(engine_name(container), request);
}

Result<int> enter(const Context& context, config::Ctid ctid, const std::vector<std::string>& command) {
    VZ_ASSIGN(const auto container, running_container(context, ctid));
    engine::AttachRequest request;
    request.environment = {"HOME=/root",
                           "USER=root",
                           "LOGNAME=root",
                           "SHELL=/bin/bash",
                           "TERM=" + terminal_type(),
                           format("PATH={}", k_path)};
    request.candidates = command.empty() ? shells({"-l"}) : shells({"-c", text::join(command, " ")});
    request.terminal = ::isatty(STDIN_FILENO) != 0;
    context.out.info(format("entered into CT {}", ctid.value()));
    auto status = context.engine.attach(engine_name(container), request);
    context.out.info(format("exited from CT {}", ctid.value()));
    return status;
}

Result<int> runscript(const Context& context, config::Ctid ctid, const std::string& file) {
    VZ_ASSIGN(const auto container, config::load_container(context.host, ctid));
    VZ_ASSIGN(const auto script, sys::read_file(file));
    if (!script)
        return fail(Errc::no_script, "Script not found: {}", file);
    if (is_running(context.host.paths, ctid))
        return exec_script(context, container, *script);
    return run_in_stopped(context, container, *script);
}

Result<int> exec_script(const Context& context, const config::Container& container,
                        const std::string& script) {
    return context.engine.attach(engine_name(container), script_request(script));
}

Result<void> wait_until_up(const Context& context, const config::Container& container, unsigned seconds) {
    // systemctl is missing where systemd is not, and answers "offline" where it is not the init; that is also
    // its answer while systemd, as the init, has only just begun.
    const std::string probe =
        "command -v systemctl >/dev/null || exit 0; "
        "case $(systemctl is-system-running 2>/dev/null) in running|degraded) exit 0;; "
        "offline) case $(readlink -f /sbin/init) in */systemd) ;; *) exit 0; esac; esac; "
        "exit 1";
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    auto pause = std::chrono::milliseconds(20);
    while (std::chrono::steady_clock::now() < deadline) {
        auto request = script_request(probe);
        request.use_input = true;
        const auto asked = std::chrono::steady_clock::now();
        request.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - asked);
        const auto status = context.engine.attach(engine_name(container), request);
        if (status && *status == 0)
            return {};
        if (!is_running(context.host.paths, container.ctid()))
            return fail(Errc::wait_failed, "the container stopped while it was starting");
        // On a slow machine asking takes a second; most of the time is for the boot that is waited for.
        const auto answered = std::chrono::steady_clock::now();
        const auto next = answered + std::max<std::chrono::steady_clock::duration>(pause, answered - asked);
        std::this_thread::sleep_until(std::min(next, deadline));
        pause = std::min(pause * 2, std::chrono::milliseconds(200));
    }
    return fail(
        Errc::wait_failed,
        "the container was not up after {0} s; it is left running: see what it waits for with \"vzctl "
        "exec {1} systemctl list-jobs\", or stop it with \"vzctl stop {1}\"",
        seconds, container.ctid().value());
}

} // namespace vz::ops
