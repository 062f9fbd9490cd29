// SPDX-License-Identifier: GPL-2.0-or-later
// The mount of an overlay container.
#pragma once

#include "vz/storage/storage.hpp"

#include <string>

namespace vz::storage {

// The container's files, or those of a snapshot: upper and work of `folder` on all that lies below. Detached.
Result<sys::Fd> open_overlay(const Volume& volume, const std::string& folder);

} // namespace vz::storage
