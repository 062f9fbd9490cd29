// SPDX-License-Identifier: GPL-2.0-or-later
// Extended attributes of files as archives keep them: file capabilities, user attributes, POSIX ACLs.
#pragma once

#include "vz/base/result.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vz::archive {

using Attributes = std::vector<std::pair<std::string, std::string>>; // name, value; sorted by name

// File capabilities and user attributes: what means something inside a container. ACLs are kept as well.
bool is_kept_attribute(std::string_view name);
bool is_acl(std::string_view name);

// Those of an open file or folder, as setxattr(2) takes them.
Result<Attributes> attributes_of_file(int fd);

} // namespace vz::archive
