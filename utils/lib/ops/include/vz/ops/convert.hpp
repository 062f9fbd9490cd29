// SPDX-License-Identifier: GPL-2.0-or-later
// Moving a container's files to another storage layout, and its disk quota.
#pragma once

#include "vz/ops/context.hpp"

#include <string>

namespace vz::ops {

// `layout`: a word that config::is_layout_word() knows. The container must be stopped and unmounted, and have
// no snapshots. Its files are copied; then NUM.conf changes, and from that moment on the copy is the
// container. Killed at any point, the container is the old or the new one, and the next command on it ends
// the work. Errc: running, mounted, convert, template_not_found, no_disk_space …
// A dry run begins the new files, too, and removes them: only that shows whether the host can have them.
Result<void> convert(const Context& context, config::Ctid ctid, const std::string& layout,
                     DryRun dry_run = DryRun::no);

// `vzctl quotaon`, `quotaoff`, `quotainit`: the limits of NUM.conf in force, lifted until the next mount, or
// set up for files that were there before their file system had quotas (that copies them, so the container
// must be stopped). Errc: quota_on, quota_off, quota_init with DISK_QUOTA=no; no_disk_limit, no_inode_limit.
Result<void> quota_on(const Context& context, config::Ctid ctid);
Result<void> quota_off(const Context& context, config::Ctid ctid);
Result<void> quota_init(const Context& context, config::Ctid ctid);

} // namespace vz::ops
