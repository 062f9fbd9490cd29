// SPDX-License-Identifier: GPL-2.0-or-later
// Ids as operands, or from standard input when an operand is "-".
#pragma once

#include "vz/base/result.hpp"

#include <iosfwd>
#include <string>
#include <vector>

namespace vz::cli {

enum class Separator { white_space, nul };

// Operands in order; "-" stands for the words of `in` (or its NUL-terminated items: then a missing final NUL
// is an error, because the list was cut). Standard input is never read without a "-".
Result<std::vector<std::string>> expand_ids(const std::vector<std::string>& operands, std::istream& in,
                                            Separator separator);

} // namespace vz::cli
