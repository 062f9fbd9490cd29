// SPDX-License-Identifier: GPL-2.0-or-later
// Whether a kernel suits the container tools: a table of features, each judged from the facts. Pure.
#pragma once

#include "vz/kernel/facts.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vz::kernel {

enum class Status { ok, loadable, low, missing, unknown };
enum class Need { required, optional };

struct Finding {
    std::string feature;
    Need need = Need::required;
    Status status = Status::unknown;
    std::string detail;  // what was found
    std::string used_by; // who needs it
    std::string advice;  // what to do, "" if nothing
};

enum class Verdict { suitable, limited, unsuitable };

std::vector<Finding> judge(const Facts& facts);

// Unsuitable if something required is missing; limited if anything else is missing or low.
Verdict verdict(const std::vector<Finding>& findings);

std::string_view status_name(Status status);
std::string_view need_name(Need need);
std::string_view verdict_name(Verdict verdict);

} // namespace vz::kernel
