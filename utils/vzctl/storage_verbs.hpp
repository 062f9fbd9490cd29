// SPDX-License-Identifier: GPL-2.0-or-later
// The verbs about how and where the files of a container are kept: layouts, templates and quotas.
#pragma once

#include "verbs.hpp"

namespace vz::vzctl {

std::vector<cli::Option> convert_options();
std::vector<cli::Option> rebase_options();

Result<int> run_convert(const Call& call);
Result<int> run_rebase(const Call& call);
Result<int> run_quotaon(const Call& call);
Result<int> run_quotaoff(const Call& call);
Result<int> run_quotainit(const Call& call);

} // namespace vz::vzctl
