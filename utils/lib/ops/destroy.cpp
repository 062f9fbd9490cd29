// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/create.hpp"

#include "snapshot_record.hpp"
#include "volume.hpp"
#include "vz/base/text.hpp"
#include "vz/config/registry.hpp"
#include "vz/engine/guest_config.hpp"
#include "vz/ops/lxc_setup.hpp"
#include "vz/ops/mount.hpp"
#include "vz/ops/pending.hpp"
#include "vz/ops/runtime.hpp"
#include "vz/ops/scripts.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/mount.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace vz::ops {

namespace {

Result<void> check_destroyable(const Context& context, const config::Container& container) {
    if (is_running(context.host.paths, container.ctid()))
        return fail(Errc::running, "Container is currently running (stop first)");
    if (is_mounted(container))
        return fail(Errc::mounted, "Container is currently mounted (umount first)");
    VZ_TRY(check_none_mounted(container.private_area()));
    // Nothing is removed on what somebody mounted, so a part of the container would stay without a
    // configuration.
    for (const auto& folder : {container.private_area(), container.root()})
        if (const auto mounts = sys::mounts_below(folder); !mounts.empty())
            return fail(Errc::delete_private, "{} is a mount point: unmount it first; what is on it stays",
                        text::printable(mounts.front()));
    const auto volume = volume_of(container);
    return volume ? storage_for(container.layout())->check_removable(*volume) : Result<void>();
}

void warn_about_link(const Context& context, const std::string& private_area) {
    struct stat st {};
    if (::lstat(private_area.c_str(), &st) == 0 && S_ISLNK(st.st_mode))
        context.out.warning(
            format("{} is a symbolic link: only the link is removed, its target is kept", private_area));
}

void tell(const Context& context, const config::Container& container) {
    const auto conf = context.host.paths.ct_conf(container.ctid());
    for (const auto& path : {container.private_area(), container.root()})
        if (sys::exists(path))
            context.out.info("would remove " + path);
    warn_about_link(context, container.private_area());
    context.out.info(format("would keep {0} as {0}.destroyed", conf));
}

void retire_scripts(const config::HostPaths& paths, config::Ctid ctid) {
    for (const auto action : k_own_actions) {
        const auto script = paths.ct_script(ctid, action);
        if (sys::exists(script))
            (void)sys::rename_durably(script, script + ".destroyed");
    }
}

} // namespace

Result<void> destroy(const Context& context, config::Ctid ctid, DryRun dry_run) {
    VZ_ASSIGN(const auto lock, lock_container(context, ctid, "destroying"));
    VZ_ASSIGN(const auto container, config::load_container(context.host, ctid));
    VZ_TRY(finish_stop(context, container));
    VZ_TRY(check_destroyable(context, container));
    if (dry_run == DryRun::yes) {
        tell(context, container);
        return {};
    }
    VZ_TRY(ensure_folders(context.host));
    const auto& paths = context.host.paths;
    context.out.info(format("Destroying container private area: {}", container.private_area()));
    warn_about_link(context, container.private_area());
    after_stop(context, container);
    Pending pending;
    pending.areas = {area_of(container)};
    pending.paths = {container.root(), paths.ct_run_dir(ctid),
                     format("{}/Dump.{}", context.host.dump_dir(), ctid.value()),
                     engine::lxc_lock_file(paths.lxc_dir(), engine_name(container))};
    for (const char* end : {".new", ".used", ".fail"}) // of checkpoint.hpp
        pending.paths.push_back(format("{}/Dump.{}{}", context.host.dump_dir(), ctid.value(), end));
    VZ_TRY(announce(context.host, ctid, pending));
    // From here on the container does not exist; what remains of it is removed now or by the next command.
    VZ_TRY(sys::rename_durably(paths.ct_conf(ctid), paths.ct_conf(ctid) + ".destroyed"));
    retire_scripts(paths, ctid);
    VZ_TRY(finish(context.host, ctid));
    context.out.info("Container private area was destroyed");
    return {};
}

} // namespace vz::ops
