// SPDX-License-Identifier: GPL-2.0-or-later
// The home folder of a new user of a guest.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/dir.hpp"

#include <string>

namespace vz::guest {

// Makes home/USER, mode 0700, with the regular files of etc/skel (at most 64 of at most 1 MiB), in one step:
// it appears complete or not at all. Whatever already has that name stays as it is, as useradd(8) leaves it.
Result<void> make_home(const sys::Dir& root, const std::string& user, sys::FileOwner owner);

} // namespace vz::guest
