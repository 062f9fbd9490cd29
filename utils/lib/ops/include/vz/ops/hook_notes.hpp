// SPDX-License-Identifier: GPL-2.0-or-later
// What vz-hook has to tell whoever starts a container: liblxc only knows whether a hook failed.
#pragma once

#include "vz/base/result.hpp"
#include "vz/config/ctid.hpp"
#include "vz/config/host.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vz::ops {

struct HookNotes {
    std::optional<Error> error;        // why the start failed
    std::vector<std::string> warnings; // what it went on without
};

// Nothing to tell removes what was told before.
void keep_hook_notes(const config::HostPaths& paths, config::Ctid ctid, const HookNotes& notes);
// Read once: they are gone then.
HookNotes take_hook_notes(const config::HostPaths& paths, config::Ctid ctid);

} // namespace vz::ops
