// SPDX-License-Identifier: GPL-2.0-or-later
// Gives up everything but one folder, before something foreign is parsed.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/fd.hpp"

#include <string>

namespace vz::archive {

// A regular file at a path of the host's administrator.
Result<sys::Fd> open_file(const std::string& path);

// For a process of one thread: from here on a bug in a decompressor or in libarchive owns `target` and
// nothing else. It is root of the user namespace, sees only that folder and what it has open, and has no
// capabilities but those for giving files away. There is no way back.
Result<void> confine(const sys::Dir& target, const sys::Fd& userns);

} // namespace vz::archive
