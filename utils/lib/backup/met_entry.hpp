// SPDX-License-Identifier: GPL-2.0-or-later
// From what a walk meets to an entry of the manifest.
#pragma once

#include "walk.hpp"

#include "vz/backup/entry.hpp"
#include "vz/sys/fd.hpp"

#include <optional>
#include <string>
#include <sys/stat.h>

namespace vz::backup {

std::optional<Type> type_of(const Met& met); // nothing: it is left out

// What lstat(2) or fstat(2) says of it. The entry's type is set.
void take_stat(Entry& entry, const struct stat& st, const Met& met);

// Without waiting, following or leaving a trace of it; `flags` as for open(2). Sets errno.
sys::Fd open_met(const Met& met, int flags);

Result<std::string> read_link(const Met& met);
Result<Attributes> attributes_of(const sys::Fd& fd, const Met& met);

} // namespace vz::backup
