// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/mount.hpp"

#include "volume.hpp"
#include "vz/base/text.hpp"
#include "vz/config/registry.hpp"
#include "vz/ops/runtime.hpp"
#include "vz/ops/scripts.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/mount.hpp"

namespace vz::ops {

namespace {

Result<void> check_template_id(const config::Container& container) {
    const auto id = container.template_id();
    if (container.layout() == config::Layout::overlay &&
        (id.empty() || id.find('/') != std::string::npos || id[0] == '.'))
        return fail(Errc::bad_config, "VE_TEMPLATE in {} does not name a template tree",
                    container.host().paths.ct_conf(container.ctid()));
    return {};
}

// Old configurations may name options of a file system that is not theirs today.
Result<void> apply_mount_options(const config::Container& container, Reporter& out) {
    std::vector<std::string> known;
    for (const auto& option : text::split(container.get_or("MOUNT_OPTS", ""), ','))
        if (sys::is_mount_option(option))
            known.push_back(option);
        else if (!option.empty())
            out.warning(format("MOUNT_OPTS: {} is no option of a mount; left out", text::printable(option)));
    return sys::set_mount_options(container.root(), text::join(known, ","));
}

Result<void> mount_and_tell_scripts(const config::Container& container, Reporter& out) {
    if (const auto private_area = container.private_area(); !sys::exists(private_area))
        return fail(Errc::no_private, "Container private area {} does not exist", private_area);
    VZ_ASSIGN(const auto volume, volume_of(container));
    VZ_TRY(sys::make_dirs(volume.root).as(Errc::create_mount_point));
    VZ_TRY(check_template_id(container));
    VZ_TRY(storage_for(container.layout())->mount(volume));
    VZ_TRY(apply_disk_limits(container, out)); // if its files cannot be reached, that was told by now
    VZ_TRY(apply_mount_options(container, out));
    return run_host_scripts(container, "mount", Order::global_first);
}

} // namespace

bool is_mounted(const config::Container& container) {
    return sys::is_mount_point(container.root());
}

Result<void> mount(const Context& context, const config::Container& container) {
    VZ_TRY(run_host_scripts(container, "premount", Order::global_first));
    auto done = mount_and_tell_scripts(container, context.out);
    if (!done) {
        (void)sys::unmount_all(container.root());
        (void)run_host_scripts(container, "postumount", Order::container_first);
        return done;
    }
    context.out.info("Container is mounted");
    return {};
}

Result<void> unmount(const Context& context, const config::Container& container) {
    VZ_TRY(run_host_scripts(container, "umount", Order::container_first));
    VZ_ASSIGN(const auto volume, volume_of(container));
    VZ_TRY(storage_for(container.layout())->unmount(volume));
    mark_mounted(context.host.paths, container.ctid(), false);
    VZ_TRY(run_host_scripts(container, "postumount", Order::container_first));
    context.out.info("Container is unmounted");
    return {};
}

Result<void> mount_command(const Context& context, config::Ctid ctid) {
    VZ_ASSIGN(const auto lock, lock_container(context, ctid, "mounting"));
    VZ_ASSIGN(const auto container, config::load_container(context.host, ctid));
    if (is_mounted(container)) {
        context.out.info("Container is already mounted");
        return {};
    }
    VZ_TRY(ensure_folders(context.host));
    VZ_TRY(mount(context, container));
    mark_mounted(context.host.paths, ctid, true);
    return {};
}

Result<void> umount_command(const Context& context, config::Ctid ctid) {
    VZ_ASSIGN(const auto lock, lock_container(context, ctid, "unmounting"));
    VZ_ASSIGN(const auto container, config::load_container(context.host, ctid));
    if (is_running(context.host.paths, ctid))
        return fail(Errc::running, "Container is running, stop it first");
    if (!is_mounted(container)) {
        mark_mounted(context.host.paths, ctid, false); // a killed umount left it
        return fail(Errc::not_mounted, "CT is not mounted");
    }
    return unmount(context, container);
}

Result<std::string> from_guest_files(const config::Container& container,
                                     const std::function<Result<std::string>(const sys::Dir& root)>& work) {
    VZ_ASSIGN(const auto volume, volume_of(container));
    VZ_ASSIGN(const auto userns, sys::make_userns(volume.ids));
    VZ_ASSIGN(const auto root, sys::Dir::open(volume.root));
    return sys::run_as_container_root(userns, [&] { return work(root); });
}

Result<void> in_guest_files(const config::Container& container,
                            const std::function<Result<void>(const sys::Dir& root)>& work) {
    VZ_TRY(from_guest_files(container, [&](const sys::Dir& root) -> Result<std::string> {
        VZ_TRY(work(root));
        return std::string();
    }));
    return {};
}

} // namespace vz::ops
