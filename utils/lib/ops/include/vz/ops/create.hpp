// SPDX-License-Identifier: GPL-2.0-or-later
// Making a container from a template, and taking one away.
#pragma once

#include "vz/ops/context.hpp"
#include "vz/ops/settings.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace vz::ops {

struct CreateRequest {
    std::optional<config::Ctid> ctid; // nothing: the next free one from 101 up
    std::string template_name; // "": OSTEMPLATE of an existing NUM.conf, else DEF_OSTEMPLATE of vz.conf
    std::optional<std::string> sample; // ve-SAMPLE.conf-sample; nothing: CONFIGFILE of vz.conf if that exists
    std::optional<std::string> layout; // a word that config::is_layout_word() knows
    Changes changes;                   // normalised, from collect_changes()
    std::vector<std::string> ip_add;
    std::optional<sys::IdRange> ids; // nothing: a free range of the pool
};

// The new container's id. Until it returns nothing of it is visible; a failure, or death at any point, leaves
// nothing. INT, TERM and HUP are held back: they take everything back at once and then end the process. Errc:
// template_not_found, private_exists, config_copy, name, ip_in_use, no_disk_space, bad_template …
// `announce` is called when it is complete, before a signal can end us: so whenever it stays, it was told.
Result<config::Ctid> create(const Context& context, const CreateRequest& request,
                            const std::function<void(config::Ctid)>& announce = {});

// Errc: running, mounted, no_container_config. NUM.conf stays as NUM.conf.destroyed.
Result<void> destroy(const Context& context, config::Ctid ctid, DryRun dry_run = DryRun::no);

} // namespace vz::ops
