// SPDX-License-Identifier: GPL-2.0-or-later
#include "attachment.hpp"
#include "background.hpp"
#include "checkpoint_files.hpp"
#include "vz/base/scope.hpp"
#include "vz/base/text.hpp"
#include "vz/checkpoint/criu.hpp"
#include "vz/checkpoint/group_tree.hpp"
#include "vz/config/registry.hpp"
#include "vz/engine/guest_config.hpp"
#include "vz/ops/checkpoint.hpp"
#include "vz/ops/hook_notes.hpp"
#include "vz/ops/lxc_setup.hpp"
#include "vz/ops/mount.hpp"
#include "vz/ops/restart_policy.hpp"
#include "vz/ops/runtime.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/installed.hpp"

#include <filesystem>

namespace vz::ops {

namespace {

// A dump being restored.
struct Restoring {
    const Context& context;
    const config::Container& container;
    const ResumeRequest& request;
    std::string dump;
    DumpRecord record;
};

std::string used(const std::string& dump) {
    return dump + ".used";
}

// What a killed container left would make the engine take another name for its group.
Result<void> remove_old_groups(const std::string& group) {
    const auto folder = "/sys/fs/cgroup" + group;
    if (sys::exists(folder) && !checkpoint::remove_groups(folder))
        return fail(Errc::restore, "the control group {} is in use: another container runs from this dump",
                    folder);
    return {};
}

std::string config_path(const Restoring& work) {
    return work.context.host.paths.ct_run_dir(work.container.ctid()) + "/criu.conf";
}

// What the engine has no words for.
Result<void> write_criu_config(const Restoring& work) {
    return sys::write_file_atomic(config_path(work), "network-lock nftables\n", 0600);
}

Result<engine::RestoreRequest> restore_request(const Restoring& work) {
    VZ_TRY(write_criu_config(work));
    engine::RestoreRequest request;
    request.images = work.dump;
    request.hook = sys::installed_program("vz-hook");
    request.environment = {format("VZ_CHECKPOINT={}", work.container.ctid().value()),
                           "CRIU_CONFIG_FILE=" + config_path(work), "LC_ALL=C.UTF-8"};
    if (const auto& prefix = work.context.host.paths.prefix; !prefix.empty())
        request.environment.push_back("VZ_SYSROOT=" + prefix);
    return request;
}

Error explain(const Restoring& work, const Error& error) {
    const auto& paths = work.context.host.paths;
    const auto notes = take_hook_notes(paths, work.container.ctid());
    if (notes.error)
        return Error{Errc::restore, 0, notes.error->what};
    const auto log = sys::read_file(work.dump + "/" + checkpoint::k_restore_log, 64 << 20)
                         .value_or(std::nullopt)
                         .value_or("");
    const auto kept = format("{}/restore-{}.log", paths.log_dir(), work.container.ctid().value());
    if (!log.empty())
        (void)sys::write_file_atomic(kept, log, 0600);
    const auto reason = checkpoint::first_error(log);
    return fail(Errc::restore, "{}",
                reason.empty() ? error.what : format("{} (more in {})", text::printable(reason), kept));
}

// The engine of Debian 13 does not tell the kernel which devices a restored container may use.
void grant_usual_devices(const Restoring& work) {
    const auto name = engine_name(work.container);
    (void)work.context.engine.set_group_item(name, "devices.deny", "a");
    for (const auto& rule : engine::usual_device_rules())
        if (auto done = work.context.engine.set_group_item(name, "devices.allow", rule); !done)
            work.context.out.warning(done.error().what);
}

Result<void> undump(const Restoring& work) {
    const auto& paths = work.context.host.paths;
    const auto ctid = work.container.ctid();
    VZ_TRY(remove_old_groups(work.record.group));
    VZ_TRY(prepare_lxc(work.context, work.container, work.record.group));
    VZ_ASSIGN(const auto request, restore_request(work));
    (void)take_hook_notes(paths, ctid);
    work.context.out.info("undump...");
    if (auto done = work.context.engine.restore(engine_name(work.container), request); !done)
        return explain(work, done.error());
    for (const auto& warning : take_hook_notes(paths, ctid).warnings)
        work.context.out.warning(warning);
    grant_usual_devices(work);
    if (work.request.step == ResumeStep::undump) {
        set_held(paths, ctid, true);
        return work.context.engine.freeze(engine_name(work.container)).as(Errc::restore);
    }
    if (work.request.dump_file.empty())
        remove_folder(used(work.dump));
    return {};
}

Result<void> mount_and_undump(const Restoring& work) {
    const auto& context = work.context;
    const auto& container = work.container;
    const auto ctid = container.ctid();
    VZ_ASSIGN(const auto conf, sys::read_file(context.host.paths.ct_conf(ctid)));
    const bool own = work.request.dump_file.empty() && work.request.step == ResumeStep::all;
    VZ_TRY(save_work(context.host.paths, ctid,
                     {"resume", work.dump, work.record.group, own, conf.value_or("") == work.record.conf}));
    const Cleanup forget([&] { forget_work(context.host.paths, ctid); });
    if (is_mounted(container) && !work.request.skip_remount)
        VZ_TRY(unmount(context, container));
    if (!is_mounted(container))
        VZ_TRY(mount(context, container));
    mark_mounted(context.host.paths, ctid, false);
    auto done = undump(work);
    if (done)
        return done;
    if (context.engine.is_running(engine_name(container)))
        (void)context.engine.kill(engine_name(container));
    after_stop(context, container);
    (void)unmount(context, container);
    if (sys::exists(used(work.dump)) && !sys::exists(work.dump))
        (void)sys::rename_durably(used(work.dump), work.dump);
    return done;
}

Result<void> resume_step(const Context& context, const config::Container& container, ResumeStep step) {
    const auto ctid = container.ctid();
    if (!is_running(context.host.paths, ctid))
        return fail(Errc::restore, "Container is not running");
    if (step == ResumeStep::kill) {
        VZ_TRY(context.engine.kill(engine_name(container)).as(Errc::restore));
        after_stop(context, container);
        set_held(context.host.paths, ctid, false);
        return is_mounted(container) ? unmount(context, container) : Result<void>();
    }
    context.out.info("resume...");
    VZ_TRY(context.engine.thaw(engine_name(container)).as(Errc::restore));
    set_held(context.host.paths, ctid, false);
    remove_dump(context.host, ctid);
    return {};
}

} // namespace

std::string dump_path(const config::Host& host, config::Ctid ctid) {
    return format("{}/Dump.{}", host.dump_dir(), ctid.value());
}

bool has_dump(const config::Host& host, config::Ctid ctid) {
    return sys::exists(dump_path(host, ctid) + "/dump.json");
}

std::string put_dump_aside(const config::Host& host, config::Ctid ctid) {
    const auto aside = dump_path(host, ctid) + ".fail";
    remove_folder(aside);
    (void)sys::rename_durably(dump_path(host, ctid), aside);
    return aside;
}

void remove_dump(const config::Host& host, config::Ctid ctid) {
    for (const auto& path : {dump_path(host, ctid), used(dump_path(host, ctid))})
        if (sys::exists(path))
            remove_folder(path);
}

Result<void> resume_locked(const Context& context, const config::Container& container,
                           const ResumeRequest& request) {
    const auto ctid = container.ctid();
    if (request.step == ResumeStep::resume || request.step == ResumeStep::kill)
        return resume_step(context, container, request.step);
    if (is_running(context.host.paths, ctid))
        return fail(Errc::running, "Container is already running");
    const auto dump = request.dump_file.empty() ? dump_path(context.host, ctid) : request.dump_file;
    VZ_ASSIGN(auto record, load_dump_record(dump));
    VZ_TRY(checkpoint::check_host().as(Errc::restore));
    context.out.info("Restoring container ...");
    const Restoring work{context, container, request, dump, std::move(record)};
    VZ_TRY(to_the_end([&] { return mount_and_undump(work); }));
    forget_restarts(context.host.paths, ctid);
    announce_addresses(context, container);
    context.out.info("Restoring completed successfully");
    return {};
}

Result<void> resume(const Context& context, config::Ctid ctid, const ResumeRequest& request) {
    VZ_TRY(ensure_folders(context.host));
    VZ_ASSIGN(const auto lock, lock_container(context, ctid, "resuming"));
    VZ_ASSIGN(const auto container, config::load_container(context.host, ctid));
    return resume_locked(context, container, request);
}

void settle_checkpoint(const Context& context, config::Ctid ctid) {
    const auto& paths = context.host.paths;
    const auto work = load_work(paths, ctid);
    if (!work)
        return;
    if (const auto container = config::load_container(context.host, ctid)) {
        const bool running = is_running(paths, ctid);
        if (running && !is_held(paths, ctid))
            (void)context.engine.thaw(engine_name(*container));
        if (running)
            remove_dump(context.host, ctid); // it went on: the dump is of the past
        else if (sys::exists(used(work->dump)) && !sys::exists(work->dump))
            (void)sys::rename_durably(used(work->dump), work->dump);
    }
    remove_folder(unfinished(work->dump));
    forget_work(paths, ctid);
}

} // namespace vz::ops
