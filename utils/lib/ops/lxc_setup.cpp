// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/lxc_setup.hpp"

#include "attachment.hpp"
#include "capabilities.hpp"
#include "ct_devices.hpp"
#include "enforce.hpp"
#include "features.hpp"
#include "lxcfs.hpp"
#include "net_policy.hpp"
#include "volume.hpp"
#include "vz/base/text.hpp"
#include "vz/config/registry.hpp"
#include "vz/engine/guest_config.hpp"
#include "vz/limits/groups.hpp"
#include "vz/ops/bind_mounts.hpp"
#include "vz/ops/mount.hpp"
#include "vz/ops/restart_policy.hpp"
#include "vz/ops/runtime.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/installed.hpp"
#include "vz/sys/mount.hpp"
#include "vz/sys/process.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace vz::ops {

namespace {

// The guest's word size, from the ELF header of its shell (elf(5): byte 4 is the class).
bool is_32bit(const config::Container& container) {
    const auto root = sys::Dir::open(container.root());
    const auto handle = root ? root->open_at("bin/sh", O_RDONLY | O_NONBLOCK) : Result<sys::Fd>(Error{});
    struct stat st {};
    char header[5] = "";
    return handle && ::fstat(handle->get(), &st) == 0 && S_ISREG(st.st_mode) &&
           ::pread(handle->get(), header, sizeof header, 0) == sizeof header && header[4] == 1;
}

bool has_cgroup_v1() {
    const auto mounts = sys::read_kernel_file("/proc/self/mountinfo").value_or("");
    return mounts.find(" - cgroup ") != std::string::npos;
}

// Our profile is loaded by the package; where AppArmor is off or absent nothing can confine and nothing is
// asked for.
std::string apparmor_profile(Reporter& out) {
    if (sys::read_kernel_file("/sys/module/apparmor/parameters/enabled").value_or("N")[0] != 'Y')
        return {};
    const auto loaded = sys::read_kernel_file("/sys/kernel/security/apparmor/profiles").value_or("");
    if (loaded.rfind("lxc-vz ", 0) == 0 || loaded.find("\nlxc-vz ") != std::string::npos)
        return "lxc-vz";
    if (sys::exists("/etc/apparmor.d/lxc-vz") &&
        sys::run_checked(sys::Command({"apparmor_parser", "-r", "-W", "/etc/apparmor.d/lxc-vz"})))
        return "lxc-vz";
    out.warning("the AppArmor profile lxc-vz is not loaded; the container runs without AppArmor");
    return {};
}

Result<void> add_rights(engine::GuestConfig& guest, const config::Container& container, Reporter& out) {
    const auto capabilities = container.get_or("CAPABILITY", "");
    VZ_TRY(check_capabilities(capabilities, last_capability()));
    guest.dropped_capabilities = dropped_capabilities(capabilities);
    prepare_features(features_on(container.get_or("FEATURES", "")), out);
    for (const auto& grant : device_grants(container, out))
        guest.device_rules.push_back(grant.rule.control_group());
    return {};
}

// Our list of refused system calls; without those that only keep a container fit for a checkpoint, if it is
// not to be suspended.
Result<std::string> seccomp_profile(const config::Container& container) {
    const auto usual = sys::installed_data("seccomp/default");
    const auto content = sys::read_file(usual).value_or(std::nullopt);
    if (!content)
        return fail(Errc::environment, "the seccomp profile {} is missing; reinstall vz-utils", usual);
    if (container.get_or("CHECKPOINT", "yes") != "no")
        return usual;
    std::string lines;
    for (const auto& line : text::split(*content, '\n'))
        if (line.rfind("unshare ", 0) != 0)
            lines += line + "\n";
    const auto own = container.host().paths.ct_run_dir(container.ctid()) + "/seccomp";
    VZ_TRY(sys::write_file_atomic(own, lines));
    return own;
}

} // namespace

std::string engine_name(const config::Container& container) {
    return engine::lxc_name(container.ctid().value(), container.uuid());
}

Result<void> prepare_lxc(const Context& context, const config::Container& container,
                         const std::string& group) {
    const auto& paths = context.host.paths;
    const auto ctid = container.ctid();
    VZ_ASSIGN(const auto volume, volume_of(container));
    VZ_TRY(sys::make_dirs(paths.ct_run_dir(ctid)));
    engine::GuestConfig guest;
    guest.ctid = ctid.value();
    if (group != engine::lxc_group(engine_name(container)))
        guest.group = group;
    guest.root = volume.root;
    guest.hostname = container.hostname();
    guest.ids = volume.ids;
    guest.is_32bit = is_32bit(container);
    guest.host_device = network::device_name(ctid.value());
    guest.guest_mac = guest_mac(ctid);
    guest.hook_program = sys::installed_program("vz-hook");
    guest.log_file = paths.ct_run_dir(ctid) + "/lxc.log";
    VZ_ASSIGN(guest.seccomp_profile, seccomp_profile(container));
    guest.apparmor_profile = apparmor_profile(context.out);
    guest.console = container.is_yes("CONSOLE");
    guest.log_ends = restart_policy(container) != RestartPolicy::no;
    guest.cgroup_v1 = has_cgroup_v1();
    guest.binds = lxcfs_binds(container);
    VZ_TRY(add_rights(guest, container, context.out));
    VZ_ASSIGN(const auto text, engine::lxc_config(guest));
    const auto folder = format("{}/{}", paths.lxc_dir(), engine_name(container));
    VZ_TRY(sys::make_dirs(folder));
    return sys::write_file_atomic(folder + "/config", text);
}

Result<Started> hook_start_host(const config::Host& host, config::Ctid ctid, pid_t init, Reporter& out) {
    const bool rebooted = has_record(host.paths, ctid);
    VZ_ASSIGN(const auto container, config::load_container(host, ctid));
    const auto start_ticks = process_start_ticks(init);
    if (!start_ticks)
        return fail(Errc::environment, "the container's init (process {}) is gone", init);
    const auto proc = format("/proc/{}", init);
    Runtime runtime{init, *start_ticks,
                    limits::find_groups(sys::read_kernel_file(proc + "/cgroup").value_or(""),
                                        sys::read_kernel_file("/proc/self/mountinfo").value_or("")),
                    host.paths.ct_run_dir(ctid)};
    VZ_TRY(enforce_all(container, runtime, out));
    provide_devices(container, runtime, out);
    VZ_TRY(attach_binds(container, init));
    VZ_TRY(bring_network_up(host, container, init, Parts::all, {}, out));
    VZ_TRY(save_runtime(host.paths, ctid, runtime));
    const bool has_devices = !device_grants(container, silent_reporter()).empty();
    return rebooted && has_devices ? Started::rebooted : Started::from_outside;
}

void hook_rebooted(const config::Host& host, config::Ctid ctid, Reporter& out) {
    const auto engine = make_engine(host);
    if (const auto container = config::load_container(host, ctid))
        grant_devices(*engine, *container, out);
}

Result<void> hook_stop(const config::Host& host, config::Ctid ctid, const std::string& net_ns,
                       Reporter& out) {
    const sys::Fd fd(::open(net_ns.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd)
        return sys_fail(errno, Errc::net_device, "open the container's network namespace");
    return network::Bridged(network_state_dir(host), out).return_devices(ctid.value(), fd.get());
}

Result<Ended> hook_post_stop(const config::Host& host, config::Ctid ctid, Reporter& out) {
    const auto engine = make_engine(host);
    const Context context{host, *engine, out};
    VZ_ASSIGN(const auto lock,
              sys::FileLock::acquire(host.lock_file(ctid), "cleaning", std::chrono::minutes(10)));
    VZ_ASSIGN(const auto container, config::load_container(host, ctid));
    // Whoever stopped it has cleaned up before us; or started it again.
    Ended ended;
    ended.by_itself = !is_running(host.paths, ctid) && has_record(host.paths, ctid);
    if (ended.by_itself)
        note_end(container, ended);
    VZ_TRY(finish_stop(context, container));
    return ended;
}

Result<void> finish_stop(const Context& context, const config::Container& container) {
    const auto& paths = context.host.paths;
    if (is_running(paths, container.ctid()))
        return {};
    after_stop(context, container);
    if (!is_mounted(container) || is_marked_mounted(paths, container.ctid()))
        return {};
    return unmount(context, container);
}

void after_stop(const Context& context, const config::Container& container) {
    const auto& paths = context.host.paths;
    forget_runtime(paths, container.ctid());
    take_network_down(context.host, container.ctid(), context.out);
    const auto name = engine_name(container);
    if (const auto dir = sys::Dir::open(paths.lxc_dir()))
        (void)dir->remove_tree(name);
}

} // namespace vz::ops
