// SPDX-License-Identifier: GPL-2.0-or-later
// What overlayfs writes into an upper layer to hide what lies below (overlayfs.rst, "whiteouts and opaque
// directories"). A container cannot make these marks itself.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/dir.hpp"

#include <string>
#include <sys/stat.h>

namespace vz::storage {

bool is_whiteout(const struct stat& st);

// The path is a folder that hides the lower one of that name.
bool is_opaque(const sys::Dir& layer, const std::string& path);

// Whether a layer hides what lies at that path further down: it has something there, or above it, that is no
// folder, or a folder that is opaque.
Result<bool> hides(const sys::Dir& layer, const std::string& path);

} // namespace vz::storage
