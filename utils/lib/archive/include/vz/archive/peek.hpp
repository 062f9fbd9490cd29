// SPDX-License-Identifier: GPL-2.0-or-later
// A look into a foreign archive, confined as in vz/archive/extract.hpp.
#pragma once

#include "vz/archive/extract.hpp"

#include <map>
#include <string>

namespace vz::archive {

// Name and content of the small regular files right in `folder` ("etc/vzdump"). Reading ends behind that
// folder's members: the rest of the archive is not proven. `request.target` is only where the process is
// locked in.
Result<std::map<std::string, std::string>> peek(const ExtractRequest& request, const std::string& folder);

} // namespace vz::archive
