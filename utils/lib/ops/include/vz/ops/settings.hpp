// SPDX-License-Identifier: GPL-2.0-or-later
// The options of `vzctl set` and `create` that are a key of NUM.conf each: one table for parsing, checking,
// help.
#pragma once

#include "vz/base/result.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vz::ops {

enum class Applies {
    now,        // a running container obeys at once
    next_start, // kept; a running container is told about, or restarted
    saved_only  // makes sense in NUM.conf only; needs --save
};

struct Setting {
    std::string_view option;   // "ram", with aliases after '|'
    std::string_view key;      // "PHYSPAGES"
    std::string_view argument; // for --help
    std::string_view help;     // "" keeps it out of --help (accepted and kept, but without meaning today)
    Applies applies;
    bool is_list; // given several times, joined by blanks
    // The text for NUM.conf of what the user wrote. Errc::bad_value.
    Result<std::string> (*normalise)(std::string_view);
    // For keys to which each call adds: the new value of an old one and a change. Errc::bad_value.
    Result<std::string> (*merge)(std::string_view old, std::string_view change) = nullptr;
    bool without_effect = false; // today; kept for whoever reads it
};

std::span<const Setting> settings();

// KEY and value of each setting given. `values_of(option)`: what the user gave, in order; empty if not given.
using Changes = std::vector<std::pair<std::string, std::string>>;
template<class ValuesOf>
Result<Changes> collect_changes(ValuesOf&& values_of) {
    Changes changes;
    for (const auto& setting : settings()) {
        const auto name = setting.option.substr(0, setting.option.find('|'));
        const std::vector<std::string> given = values_of(name);
        if (given.empty())
            continue;
        std::string joined;
        for (const auto& value : given) {
            if (!setting.is_list && &value != &given.back())
                continue;
            auto normal = setting.normalise(value);
            if (!normal)
                return std::move(normal).error().context(format("--{}", name));
            joined += (joined.empty() || normal->empty() ? "" : " ") + *normal;
        }
        changes.emplace_back(setting.key, joined);
    }
    return changes;
}

const Setting* setting_for_key(std::string_view key);

// Changes of keys to which each call adds become their new values. `now` tells what a key has, or "".
using ValueOf = std::function<std::string(std::string_view key)>;
Result<void> merge_changes(const ValueOf& now, Changes& changes);

// The keys among the changes that are only kept.
std::vector<std::string> without_effect(const Changes& changes);

} // namespace vz::ops
