// SPDX-License-Identifier: GPL-2.0-or-later
// Makes a container obey the limits of its configuration: one that runs, or one whose init is about to run.
#pragma once

#include "vz/base/reporter.hpp"
#include "vz/config/container.hpp"
#include "vz/engine/engine.hpp"
#include "vz/ops/runtime.hpp"

#include <span>
#include <string>
#include <string_view>

namespace vz::ops {

// Whether a key of NUM.conf is a limit that enforce() sets.
bool is_limit_key(std::string_view key);

// At a start, all keys: what a container must not run without is an error, the rest is told to `out`.
Result<void> enforce_all(const config::Container& container, const Runtime& runtime, Reporter& out);

// Live: these keys, of which each must be obeyed. Errc::failed, ::scheduler, ::io_limit.
Result<void> enforce(const config::Container& container, const Runtime& runtime,
                     std::span<const std::string> keys, Reporter& out);

// The devices of a configuration. Before a start the engine's configuration grants them; then, and on a
// reboot from inside, this makes the nodes. A node that cannot be made is told to `out`.
void provide_devices(const config::Container& container, const Runtime& runtime, Reporter& out);

// Live: from what `before` grants to what `after` grants. Errc::devices.
Result<void> change_devices(engine::Engine& engine, const config::Container& before,
                            const config::Container& after, const Runtime& runtime, Reporter& out);

// Grants again what the configuration grants, to a container whose engine may not know it yet: after a reboot
// from inside it still has the configuration of its last start.
void grant_devices(engine::Engine& engine, const config::Container& container, Reporter& out);

} // namespace vz::ops
