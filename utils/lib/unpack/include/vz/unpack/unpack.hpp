// SPDX-License-Identifier: GPL-2.0-or-later
// What module `archive` does with foreign archives, done by the program vz-unpack: its libraries are loaded
// while an archive is at hand, and by no tool that has none. Results, errors and progress are those of
// `archive`. The program keeps the locks that we hold and ends with us; Errc::environment says that it is
// missing or of another version.
#pragma once

#include "vz/archive/extract.hpp"
#include "vz/base/reporter.hpp"
#include "vz/base/result.hpp"

#include <map>
#include <string>

namespace vz::unpack {

Result<archive::Summary> extract(const archive::ExtractRequest& request);
Result<archive::Summary> check(const archive::ExtractRequest& request);
Result<archive::Summary> compare(const archive::ExtractRequest& request);

// vz/archive/peek.hpp; content that is not UTF-8 text comes altered.
Result<std::map<std::string, std::string>> peek(const archive::ExtractRequest& request,
                                                const std::string& folder);

Result<std::string> sha256_of_file(const std::string& path, Reporter& reporter = silent_reporter());

} // namespace vz::unpack
