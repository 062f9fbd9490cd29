// SPDX-License-Identifier: GPL-2.0-or-later
// What a container's configuration says, as values of fields.
#pragma once

#include "fields.hpp"
#include "vz/ops/usage.hpp"

#include <optional>

namespace vz::vzlist {

Value value_of(const std::optional<std::uint64_t>& number);
Value value_of(std::string text); // "" is nothing

// "" for what is not set, and without a configuration.
std::string configured(const ops::Listed& listed, std::string_view key);
std::optional<std::uint64_t> configured_size(const ops::Listed& listed, std::string_view key);

// `name` must be one that the kernel counts, or once did.
const ops::Resource& resource_named(std::string_view name);
std::optional<config::Limit> limit_of(const ops::Listed& listed, const ops::Resource& resource);

} // namespace vz::vzlist
