// SPDX-License-Identifier: GPL-2.0-or-later
// What is wrong with a container's configuration, or a sample of one (vzcfgvalidate(8)).
#pragma once

#include "vz/config/conf_file.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vz::ops {

enum class Severity {
    error,         // a verb refuses it, or would not do what it says
    warning,       // nothing reads it
    recommendation // better otherwise
};
std::string_view severity_word(Severity severity); // "Error", "Warning", "Recommendation"

struct Finding {
    Severity severity;
    std::string key;
    std::string text;
};

// In the order of the lines, then what is missing. The values themselves are not looked for on this host:
// whether a template, a bridge or a folder is there is not asked.
std::vector<Finding> validate(const config::ConfFile& conf);

// Puts right what can be meant in one way only: a barrier above its limit becomes the limit. The keys
// changed.
std::vector<std::string> repair(config::ConfFile& conf);

} // namespace vz::ops
