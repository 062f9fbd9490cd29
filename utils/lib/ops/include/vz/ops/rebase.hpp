// SPDX-License-Identifier: GPL-2.0-or-later
// A stopped container of a shared template (overlay) moved to a newer edition of it, keeping its changes.
#pragma once

#include "vz/ops/context.hpp"

#include <string>
#include <vector>

namespace vz::ops {

struct RebaseRequest {
    std::string template_name;     // "": OSTEMPLATE
    std::vector<std::string> keep; // patterns: see vz/storage/rebase.hpp
    std::vector<std::string> take;
    bool dry_run = false; // only say what would be
};

struct RebaseOutcome {
    std::string tree;                   // that it lies on now (or would)
    bool is_current = false;            // it did already
    std::vector<std::string> conflicts; // paths that both sides changed and no rule decides: nothing was done
    std::vector<std::string> taken;     // changes of the container that gave way to the template's
};

// Errc: running, mounted, no_private, template_not_found, no_disk_space, convert (another layout, snapshots).
// A failure or a kill leaves old or new.
Result<RebaseOutcome> rebase(const Context& context, config::Ctid ctid, const RebaseRequest& request);

} // namespace vz::ops
