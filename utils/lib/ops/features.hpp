// SPDX-License-Identifier: GPL-2.0-or-later
// The key FEATURES, "tun:on nfs:off": parts of the kernel that a container asks for, by their classic names.
#pragma once

#include "vz/base/reporter.hpp"
#include "vz/base/result.hpp"
#include "vz/limits/devices.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vz::ops {

struct Feature {
    std::string_view name;
    std::string_view module; // of the host's kernel; "": none is needed
    std::string_view device; // below /dev; "": none
    limits::DeviceRule rule; // the right to that device
    unsigned mode = 0666;    // of that device inside
    std::string_view
        instead; // "": it works; else what to do, since it cannot work in an unprivileged container
};

std::span<const Feature> features();

// "NAME:on,NAME:off" as words between blanks. Errc::bad_value.
Result<std::string> feature_words(std::string_view text);

// Those that are on in a value of FEATURES; pure.
std::vector<Feature> features_on(std::string_view value);

// Loads the modules of these on the host. What cannot work, or is not there, is told to `out`.
void prepare_features(std::span<const Feature> wanted, Reporter& out);

} // namespace vz::ops
