// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/start.hpp"

#include "attachment.hpp"
#include "ct_limits.hpp"
#include "net_policy.hpp"
#include "volume.hpp"
#include "vz/base/text.hpp"
#include "vz/config/registry.hpp"
#include "vz/engine/guest_config.hpp"
#include "vz/guest/identity.hpp"
#include "vz/guest/init.hpp"
#include "vz/ops/checkpoint.hpp"
#include "vz/ops/exec.hpp"
#include "vz/ops/guest_identity.hpp"
#include "vz/ops/hook_notes.hpp"
#include "vz/ops/lxc_setup.hpp"
#include "vz/ops/mount.hpp"
#include "vz/ops/pending.hpp"
#include "vz/ops/restart_policy.hpp"
#include "vz/ops/runtime.hpp"
#include "vz/ops/scripts.hpp"
#include "vz/sys/file.hpp"

#include <chrono>
#include <thread>
#include <unistd.h>

namespace vz::ops {

namespace {

Result<void> check_addresses(const Context& context, const config::Container& container) {
    auto addresses = configured_addresses(container, context.out);
    for (auto& address : netif_addresses(container))
        addresses.push_back(address);
    if (addresses.empty())
        return {};
    const network::Routed routed(network_policy(context.host, context.out));
    VZ_ASSIGN(const auto conflicts,
              routed.find_conflicts(addresses, container.ctid().value(), probe_policy(context.host)));
    if (conflicts.empty())
        return {};
    return fail(Errc::ip_in_use, "IP address {} is already in use by {}", conflicts[0].address.text(),
                text::printable(conflicts[0].owner));
}

Result<void> check_startable(const Context& context, const config::Container& container,
                             const StartRequest& request) {
    if (container.is_yes("DISABLED") && !request.force)
        return fail(Errc::start_disabled, "Container start disabled; use --force to start it all the same");
    if (is_running(context.host.paths, container.ctid()))
        return fail(Errc::running, "Container is already running");
    VZ_TRY(attachment_of(container)); // a wrong rule is told before anything is mounted
    return check_addresses(context, container);
}

// A mount that is there already may be half of a killed start, or of an older configuration: make it again.
Result<void> mount_for_start(const Context& context, const config::Container& container, bool skip_remount) {
    if (is_mounted(container)) {
        if (skip_remount)
            return {};
        VZ_TRY(unmount(context, container));
    }
    return mount(context, container);
}

void say_what_is_set(const Context& context, const config::Container& container) {
    const auto addresses = container.addresses();
    if (!addresses.empty())
        context.out.info("Adding IP address(es): " + text::join(addresses, " "));
    context.out.info("Setting CPU units: " + container.get_or("CPUUNITS", "1000"));
    if (const auto notice = memory_notice(container))
        context.out.warning(*notice);
}

Result<void> run(const Context& context, const config::Container& container) {
    VZ_TRY(in_guest_files(container, [&](const sys::Dir& root) -> Result<void> {
        VZ_TRY(guest::check_bootable(root));
        if (container.is_yes("CONSOLE"))
            VZ_TRY(guest::allow_console_login(root));
        VZ_TRY(guest::apply(root, identity_of(container, context.out)));
        return guest::set_interfaces(root, guest_interfaces(container));
    }));
    say_what_is_set(context, container);
    VZ_TRY(prepare_lxc(context, container));
    (void)take_hook_notes(context.host.paths, container.ctid());
    auto started = context.engine.start(engine_name(container));
    auto notes = take_hook_notes(context.host.paths, container.ctid());
    for (const auto& warning : notes.warnings)
        context.out.warning(warning);
    if (!started && notes.error)
        return *std::move(notes.error);
    return started;
}

// An init that cannot be executed, or ends at once, is a start that failed; liblxc returns before it can
// know.
Result<void> check_init_stays(const Context& context, const config::Container& container) {
    const auto& paths = context.host.paths;
    for (int tries = 0; tries < 5; ++tries) {
        if (!is_running(paths, container.ctid()))
            return fail(Errc::environment, "the container's init ended at once (more in {}/lxc.log)",
                        paths.ct_run_dir(container.ctid()));
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return {};
}

Result<void> start_mounted(const Context& context, const config::Container& container,
                           const StartRequest& request) {
    VZ_TRY(run(context, container));
    announce_addresses(context, container);
    context.out.info("Container start in progress...");
    VZ_TRY(run_inner_script(context, container, "start"));
    if (!request.wait)
        return check_init_stays(context, container);
    context.out.info("Waiting for the container to start ... waiting ...");
    auto up = wait_until_up(context, container, request.wait_seconds);
    if (up)
        context.out.info("Container started successfully");
    return up;
}

Result<void> halt_or_kill(const Context& context, const config::Container& container, bool fast) {
    const auto name = engine_name(container);
    if (!fast) {
        (void)run_inner_script(context, container, "stop");
        VZ_ASSIGN(const bool halted, context.engine.halt(name, container.stop_timeout()));
        if (halted)
            return {};
    }
    return context.engine.kill(name);
}

Result<void> start_once(const Context& context, const config::Container& container,
                        const StartRequest& request) {
    const auto ctid = container.ctid();
    context.out.info("Starting container...");
    VZ_TRY(mount_for_start(context, container, request.skip_remount));
    mark_mounted(context.host.paths, ctid, false);
    auto done = start_mounted(context, container, request);
    // A container that runs but was too slow to come up is left running: its administrator wants to look into
    // it.
    if (done || done.error().code == Errc::wait_failed)
        return done;
    if (context.engine.is_running(engine_name(container)))
        (void)context.engine.kill(engine_name(container));
    after_stop(context, container);
    (void)unmount(context, container);
    return done;
}

} // namespace

Result<void> start(const Context& context, config::Ctid ctid, const StartRequest& request) {
    VZ_TRY(ensure_folders(context.host));
    finish_pending(context);
    VZ_ASSIGN(const auto lock, lock_container(context, ctid, "starting"));
    VZ_ASSIGN(const auto container, config::load_container(context.host, ctid));
    VZ_TRY(check_startable(context, container, request));
    if (has_dump(context.host, ctid)) {
        const auto resumed = resume_locked(context, container, {});
        if (resumed)
            return resumed;
        context.out.warning(resumed.error().what);
        context.out.warning("Container cannot be resumed; it starts anew and the dump is kept as " +
                            put_dump_aside(context.host, ctid));
    }
    if (!request.by_policy)
        forget_restarts(context.host.paths, ctid);
    auto done = start_once(context, container, request);
    // What liblxc began for a start that was killed may come into being only now. It has been ended with this
    // attempt.
    if (!done && done.error().code == Errc::running)
        done = start_once(context, container, request);
    return done;
}

Result<void> stop(const Context& context, config::Ctid ctid, const StopRequest& request) {
    VZ_ASSIGN(const auto lock, lock_container(context, ctid, "stopping"));
    VZ_ASSIGN(const auto container, config::load_container(context.host, ctid));
    stay_down(container);
    if (!is_running(context.host.paths, ctid)) {
        context.out.warning("Unable to stop: container is not running");
        return finish_stop(context, container);
    }
    context.out.info("Stopping container ...");
    if (request.skip_umount)
        mark_mounted(context.host.paths, ctid, true);
    VZ_TRY(halt_or_kill(context, container, request.fast).as(Errc::stop_failed));
    context.out.info("Container was stopped");
    after_stop(context, container);
    return request.skip_umount || !is_mounted(container) ? Result<void>() : unmount(context, container);
}

Result<void> restart(const Context& context, config::Ctid ctid, const StartRequest& start_request,
                     const StopRequest& stop_request) {
    context.out.info("Restarting container");
    if (is_running(context.host.paths, ctid))
        VZ_TRY(stop(context, ctid, stop_request));
    return start(context, ctid, start_request);
}

} // namespace vz::ops
