// SPDX-License-Identifier: GPL-2.0-or-later
#include "background.hpp"
#include "checkpoint_check.hpp"
#include "checkpoint_files.hpp"
#include "vz/base/scope.hpp"
#include "vz/base/text.hpp"
#include "vz/checkpoint/criu.hpp"
#include "vz/checkpoint/group_tree.hpp"
#include "vz/config/registry.hpp"
#include "vz/ops/checkpoint.hpp"
#include "vz/ops/hook_notes.hpp"
#include "vz/ops/lxc_setup.hpp"
#include "vz/ops/mount.hpp"
#include "vz/ops/pending.hpp"
#include "vz/ops/restart_policy.hpp"
#include "vz/ops/runtime.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/installed.hpp"
#include "vz/sys/lock.hpp"
#include "vz/sys/namespaces.hpp"
#include "vz/sys/process.hpp"

#include <chrono>
#include <filesystem>
#include <sched.h>
#include <sys/mount.h>
#include <thread>

namespace vz::ops {

namespace {

using namespace std::chrono_literals;

// A dump being made.
struct Dumping {
    const Context& context;
    const config::Container& container;
    const Runtime& runtime;
    const SuspendRequest& request;
    std::string dump; // where it will be
    Judged judged;
};

Result<void> tell_obstacles(const Context& context, const std::vector<checkpoint::Obstacle>& obstacles) {
    if (obstacles.empty())
        return {};
    for (const auto& obstacle : obstacles)
        context.out.warning(checkpoint::obstacle_text(obstacle));
    return fail(Errc::checkpoint, "Container cannot be checkpointed now");
}

// In each mount namespace of the container. They come back when their services start anew.
void leave_out_mounts(const checkpoint::Survey& survey) {
    for (const auto& entry : survey.mounts) {
        const auto& mounts = entry.second;
        const auto shown = survey.shown_by.find(entry.first);
        const auto process =
            shown == survey.shown_by.end() ? Result<sys::Fd>(Error{}) : sys::open_process(shown->second);
        if (!process)
            continue;
        (void)sys::run_in_namespaces(*process, CLONE_NEWNS, [&]() -> Result<std::string> {
            for (auto mount = mounts.rbegin(); mount != mounts.rend(); ++mount)
                if (checkpoint::is_left_out(*mount))
                    (void)::umount2(mount->target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
            return std::string();
        });
    }
}

Result<void> make_folder(const Dumping& work) {
    const auto folder = unfinished(work.dump);
    remove_folder(folder);
    VZ_TRY(sys::make_dirs(std::filesystem::path(folder).parent_path(), 0755).as(Errc::checkpoint));
    VZ_TRY(sys::make_dirs(folder, 0700).as(Errc::checkpoint));
    const auto& host = work.context.host;
    const auto ctid = work.container.ctid();
    VZ_ASSIGN(const auto conf, sys::read_file(host.paths.ct_conf(ctid)));
    VZ_ASSIGN(const auto group, group_of(work.runtime));
    return save_dump_record(folder,
                            {ctid.value(), work.container.uuid(), below_hierarchy(group), conf.value_or("")})
        .as(Errc::checkpoint);
}

Result<checkpoint::DumpRequest> dump_request(const Dumping& work) {
    checkpoint::DumpRequest request;
    request.init = work.runtime.init;
    request.images = unfinished(work.dump);
    VZ_ASSIGN(request.group, group_of(work.runtime));
    for (const auto& file : work.judged.from_host)
        request.from_host.push_back(file.substr(1));
    request.devices = {"venet0"};
    request.hook = sys::installed_program("vz-hook");
    request.leave_running = work.request.step == SuspendStep::dump;
    return request;
}

// The program's own words; it ends after us if we are killed.
Result<std::string> run_criu(const Dumping& work, const checkpoint::DumpRequest& request) {
    sys::Command command(checkpoint::dump_command(request));
    command.environment = {format("VZ_CHECKPOINT={}", work.container.ctid().value())};
    command.keep_fds = sys::held_locks();
    VZ_ASSIGN(const auto done, sys::run(command));
    const auto notes = take_hook_notes(work.context.host.paths, work.container.ctid());
    if (done.status == 0)
        return std::string();
    if (notes.error)
        return notes.error->what;
    const auto log =
        sys::read_file(request.images + "/" + checkpoint::k_dump_log).value_or(std::nullopt).value_or("");
    auto error = checkpoint::first_error(log);
    if (error.empty())
        error = checkpoint::first_error(done.err);
    return error.empty() ? format("criu ended with {}", done.status) : error;
}

std::string keep_log(const Dumping& work) {
    const auto path =
        format("{}/checkpoint-{}.log", work.context.host.paths.log_dir(), work.container.ctid().value());
    const auto log = sys::read_file(unfinished(work.dump) + "/" + checkpoint::k_dump_log, 64 << 20);
    if (log && *log)
        (void)sys::write_file_atomic(path, **log, 0600);
    return path;
}

Result<void> dump(const Dumping& work) {
    VZ_ASSIGN(const auto request, dump_request(work));
    constexpr int k_tries = 4;
    std::string error;
    for (int tried = 0; tried < k_tries; ++tried) {
        VZ_TRY(make_folder(work));
        VZ_ASSIGN(error, run_criu(work, request));
        if (error.empty())
            return {};
        if (!checkpoint::is_transient(error) || !is_running(work.context.host.paths, work.container.ctid()))
            break;
        std::this_thread::sleep_for(300ms);
    }
    const auto log = keep_log(work);
    remove_folder(unfinished(work.dump));
    return fail(Errc::checkpoint, "{} (more in {})", text::printable(error), log);
}

void wait_for_end(const Context& context, const std::string& name) {
    for (int tries = 0; tries < 1000 && context.engine.is_running(name); ++tries)
        std::this_thread::sleep_for(20ms);
}

Result<void> clean_up(const Context& context, const config::Container& container) {
    wait_for_end(context, engine_name(container));
    after_stop(context, container);
    set_held(context.host.paths, container.ctid(), false);
    return is_mounted(container) ? unmount(context, container) : Result<void>();
}

Result<void> dump_and_end(const Dumping& work) {
    const auto& paths = work.context.host.paths;
    const auto ctid = work.container.ctid();
    const bool final = work.request.step == SuspendStep::all;
    VZ_TRY(save_work(paths, ctid, {"suspend", work.dump, "", final, true}));
    const Cleanup forget([&] { forget_work(paths, ctid); });
    if (final)
        stay_down(work.container);
    leave_out_mounts(work.judged.survey);
    work.context.out.info("dump...");
    if (auto done = dump(work); !done) {
        (void)work.context.engine.thaw(engine_name(work.container));
        forget_restarts(paths, ctid);
        return done;
    }
    if (!final)
        return {};
    work.context.out.info("kill...");
    return clean_up(work.context, work.container);
}

Result<void> suspend_step(const Context& context, const config::Container& container,
                          const SuspendRequest& request) {
    const auto ctid = container.ctid();
    switch (request.step) {
    case SuspendStep::suspend:
        set_held(context.host.paths, ctid, true);
        context.out.info("suspend...");
        return context.engine.freeze(engine_name(container)).as(Errc::checkpoint);
    case SuspendStep::resume:
        context.out.info("resume...");
        VZ_TRY(context.engine.thaw(engine_name(container)).as(Errc::checkpoint));
        set_held(context.host.paths, ctid, false);
        remove_dump(context.host, ctid); // what goes on makes it worthless
        return {};
    case SuspendStep::kill:
        context.out.info("kill...");
        stay_down(container);
        VZ_TRY(context.engine.kill(engine_name(container)).as(Errc::checkpoint));
        return clean_up(context, container);
    default:
        return {};
    }
}

} // namespace

Result<void> suspend(const Context& context, config::Ctid ctid, const SuspendRequest& request) {
    VZ_TRY(ensure_folders(context.host));
    VZ_ASSIGN(const auto lock, lock_container(context, ctid, "suspending"));
    VZ_ASSIGN(const auto container, config::load_container(context.host, ctid));
    const auto runtime = load_runtime(context.host.paths, ctid);
    if (!runtime)
        return fail(Errc::not_running, "Container is not running");
    if (request.step != SuspendStep::all && request.step != SuspendStep::dump)
        return suspend_step(context, container, request);
    context.out.info("Setting up checkpoint...");
    VZ_TRY(checkpoint::check_host());
    VZ_ASSIGN(auto judged, judge_container(container, *runtime));
    VZ_TRY(tell_obstacles(context, judged.obstacles));
    const auto dump = request.dump_file.empty() ? dump_path(context.host, ctid) : request.dump_file;
    if (!request.dump_file.empty() && sys::exists(dump))
        return fail(Errc::checkpoint, "{} exists already", dump);
    const Dumping work{context, container, *runtime, request, dump, std::move(judged)};
    VZ_TRY(to_the_end([&] { return dump_and_end(work); }));
    context.out.info("Checkpointing completed successfully");
    return {};
}

} // namespace vz::ops
