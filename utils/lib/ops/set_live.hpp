// SPDX-License-Identifier: GPL-2.0-or-later
// The part of `set` that a running container obeys at once, and what has to wait for its next start.
#pragma once

#include "vz/ops/runtime.hpp"
#include "vz/ops/set.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace vz::ops {

bool changes_any(const Changes& changes, std::initializer_list<std::string_view> keys);

// The keys among `changes` with a new value that a running container cannot take.
std::vector<std::string> keys_for_next_start(const config::Container& now, const Changes& changes);

// `before` is the configuration as it was, `wanted` as it will be.
Result<void> apply_live(const Context& context, const config::Container& before,
                        const config::Container& wanted, const Runtime& runtime, const SetRequest& request);

} // namespace vz::ops
