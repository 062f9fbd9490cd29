// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/status.hpp"

#include "vz/config/registry.hpp"
#include "vz/ops/runtime.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/mount.hpp"

namespace vz::ops {

Status status(const config::Host& host, config::Ctid ctid) {
    const auto container = config::load_container(host, ctid);
    const auto private_area = container ? container->private_area() : host.ve_private(ctid);
    const auto root = container ? container->root() : host.ve_root(ctid);
    Status status;
    status.exists = sys::exists(host.paths.ct_conf(ctid)) && sys::exists(private_area);
    status.mounted = sys::is_mount_point(root);
    status.running = is_running(host.paths, ctid);
    status.suspended = !status.running && sys::exists(format("{}/Dump.{}", host.dump_dir(), ctid.value()));
    return status;
}

std::string status_line(config::Ctid ctid, const Status& status) {
    return format("CTID {} {} {} {}{}", ctid.value(), status.exists ? "exist" : "deleted",
                  status.mounted ? "mounted" : "unmounted", status.running ? "running" : "down",
                  status.suspended ? " suspended" : "");
}

} // namespace vz::ops
