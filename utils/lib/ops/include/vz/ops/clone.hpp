// SPDX-License-Identifier: GPL-2.0-or-later
// A container made as a copy of another one.
#pragma once

#include "vz/ops/context.hpp"
#include "vz/ops/settings.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace vz::ops {

struct CloneRequest {
    config::Ctid source;
    std::optional<config::Ctid> ctid; // nothing: the next free one from 101 up
    Changes changes;                  // normalised, from collect_changes(); over what the source has
    std::vector<std::string> ip_add;
    bool keep_identity = false; // machine id and ssh host keys stay those of the source
    bool freeze = true;         // a running source is held still while its files are copied
};

// The new container's id. It has the source's files and settings, ids and addresses of its own, and does not
// start at boot unless told so. Until it returns nothing of it is visible; a failure, a signal, or death at
// any point leaves nothing, and a source that ran goes on. Errc as for create(); config_copy if NUM.conf is
// there. `announce`: as for create().
Result<config::Ctid> clone(const Context& context, const CloneRequest& request,
                           const std::function<void(config::Ctid)>& announce = {});

} // namespace vz::ops
