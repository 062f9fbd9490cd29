// SPDX-License-Identifier: GPL-2.0-or-later
// A stopped container's files made anew beside the old ones, in another layout or on another template, and
// put in their place in one step that NUM.conf decides (Pending::swap).
#pragma once

#include "vz/config/container.hpp"
#include "vz/ops/context.hpp"
#include "vz/ops/pending.hpp"
#include "vz/storage/storage.hpp"

#include <functional>

namespace vz::ops {

// The same container twice: as it is, and as it will be, whose files are made aside.
struct Move {
    config::Container from;
    config::Container to;
    storage::Volume source;
    storage::Volume target;
    Pending pending;
};

// Errc: running, mounted, no_private, convert (snapshots, a mount point, suspended).
Result<void> check_movable(const Context& context, const config::Container& container);

Result<Move> plan_move(const config::Container& from, config::Container to);

// Begins the new files, empty, as only that shows whether the host can have them. finish() removes them.
Result<void> try_out(const Context& context, const Move& move);

using FillAside = std::function<Result<void>(const Move& move)>;
Result<void> copy_all(const Move& move);

// Makes the new files with `fill`; `decide` then makes them the container's. A failure or a kill before that
// leaves the old ones, after it the new ones.
Result<void> carry_out(const Context& context, Move& move, const FillAside& fill,
                       const std::function<Result<void>()>& decide);

} // namespace vz::ops
