// SPDX-License-Identifier: GPL-2.0-or-later
#include "configured.hpp"

#include "vz/base/units.hpp"

#include <algorithm>

namespace vz::vzlist {

using ops::Listed;

Value value_of(const std::optional<std::uint64_t>& number) {
    return number ? Value(*number) : Value();
}

Value value_of(std::string text) {
    return text.empty() ? Value() : Value(std::move(text));
}

std::string configured(const Listed& listed, std::string_view key) {
    return listed.conf ? listed.conf->get_or(key, "") : "";
}

std::optional<std::uint64_t> configured_size(const Listed& listed, std::string_view key) {
    const auto text = configured(listed, key);
    const auto size = units::parse_size(text);
    return text.empty() || !size ? std::nullopt : std::optional(*size);
}

const ops::Resource& resource_named(std::string_view name) {
    const auto all = ops::resources();
    return *std::find_if(all.begin(), all.end(), [&](const auto& r) { return r.name == name; });
}

std::optional<config::Limit> limit_of(const Listed& listed, const ops::Resource& resource) {
    return listed.conf ? ops::configured_limit(*listed.conf, resource) : std::nullopt;
}

} // namespace vz::vzlist
