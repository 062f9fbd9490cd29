// SPDX-License-Identifier: GPL-2.0-or-later
// Harmless trials: each works in a child or on a detached object and leaves nothing. They need root.
#pragma once

#include "vz/kernel/facts.hpp"

namespace vz::kernel {

Presence try_veth();          // a pair in a network namespace of its own
Presence try_nftables();      // asks nf_tables for its generation number, in a network namespace of its own
Presence try_mapped_mounts(); // an id-mapped copy of the mount of the containers' folder, or of /tmp

} // namespace vz::kernel
