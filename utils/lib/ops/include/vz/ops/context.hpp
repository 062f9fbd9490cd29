// SPDX-License-Identifier: GPL-2.0-or-later
// What every use case works with, and the lock that serialises work on one container.
#pragma once

#include "vz/base/reporter.hpp"
#include "vz/base/result.hpp"
#include "vz/config/container.hpp"
#include "vz/config/host.hpp"
#include "vz/engine/engine.hpp"
#include "vz/sys/lock.hpp"

#include <memory>
#include <optional>
#include <string>

namespace vz::ops {

struct Context {
    const config::Host& host;
    engine::Engine& engine;
    Reporter& out;
    bool skip_lock = false; // --skiplock
};

std::unique_ptr<engine::Engine> make_engine(const config::Host& host);

// A held lock, or none when skip_lock was asked for.
using HeldLock = std::optional<sys::FileLock>;

// Errc::locked, naming the holder, if another command works on the container. A clean-up after a halt from
// inside is waited for. What a killed command left of the container is finished first.
Result<HeldLock> lock_container(const Context& context, config::Ctid ctid, const std::string& word);

enum class Needs { nothing, conf, lock, conf_and_lock };

// Errc::no_container_config or Errc::locked, for a verb that would fail of it anyway: the classic tools tell
// this before they judge the options. Holds nothing; the verb still takes the lock by itself.
Result<void> check_ready(const Context& context, config::Ctid ctid, Needs needs);

// yes: all that can be checked is, with the same errors; then the reporter is told what would be done.
enum class DryRun { no, yes };

// The folders of the host that we own, with their modes. Cheap when they are there.
Result<void> ensure_folders(const config::Host& host);

} // namespace vz::ops
