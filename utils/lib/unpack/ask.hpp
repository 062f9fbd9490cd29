// SPDX-License-Identifier: GPL-2.0-or-later
// Starts vz-unpack and hears its answer.
#pragma once

#include "vz/base/reporter.hpp"
#include "vz/base/result.hpp"

#include <string>
#include <vector>

namespace vz::unpack {

// vz-unpack VERSION VERB FILE …, with the descriptors `fds` open in it.
Result<std::string> ask(std::vector<std::string> words, const std::vector<int>& fds, Reporter& reporter);

} // namespace vz::unpack
