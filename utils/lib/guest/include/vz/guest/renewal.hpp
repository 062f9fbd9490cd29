// SPDX-License-Identifier: GPL-2.0-or-later
// What must not be the same in two systems: machine id, ssh host keys, random seed, leases. For templates and
// clones. No program of the container runs. See identity.hpp for what `root` must be.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/dir.hpp"

namespace vz::guest {

// Takes these away; the system makes its own at its next boot. Doing it again is harmless.
Result<void> forget_identity(const sys::Dir& root);

// Has ssh host keys made at boot where there are none, by a unit of systemd. Nothing to do without sshd and
// ssh-keygen in the tree.
Result<void> make_ssh_keys_at_boot(const sys::Dir& root);

} // namespace vz::guest
