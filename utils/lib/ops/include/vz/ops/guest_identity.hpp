// SPDX-License-Identifier: GPL-2.0-or-later
// What a container's own files must say: name, addresses, name servers.
#pragma once

#include "vz/base/reporter.hpp"
#include "vz/config/container.hpp"
#include "vz/guest/identity.hpp"

#include <string>
#include <vector>

namespace vz::ops {

// NAMESERVER and SEARCHDOMAIN with "inherit" replaced by what the host's /etc/resolv.conf has; unset means
// the host's default. Values that do not validate are told to `out` and left out.
guest::Identity identity_of(const config::Container& container, Reporter& out);

} // namespace vz::ops
