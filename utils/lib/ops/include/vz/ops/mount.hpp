// SPDX-License-Identifier: GPL-2.0-or-later
// Mounting a container's private area on its root, with the action scripts around it. Callers hold the lock.
#pragma once

#include "vz/config/container.hpp"
#include "vz/ops/context.hpp"
#include "vz/sys/dir.hpp"

#include <functional>
#include <string>

namespace vz::ops {

bool is_mounted(const config::Container& container);

// Errc::no_private, mount, action_script (then nothing stays mounted).
Result<void> mount(const Context& context, const config::Container& container);
Result<void> unmount(const Context& context, const config::Container& container);

// `vzctl mount` and `umount`: with the lock, the checks and the messages.
Result<void> mount_command(const Context& context, config::Ctid ctid);
Result<void> umount_command(const Context& context, config::Ctid ctid);

// Runs `work` on the mounted root file system as the container's own root, with no rights outside.
Result<void> in_guest_files(const config::Container& container,
                            const std::function<Result<void>(const sys::Dir& root)>& work);
// The same, and what it found.
Result<std::string> from_guest_files(const config::Container& container,
                                     const std::function<Result<std::string>(const sys::Dir& root)>& work);

} // namespace vz::ops
