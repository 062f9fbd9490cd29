// SPDX-License-Identifier: GPL-2.0-or-later
// Where a confined process is locked in that needs no folder of its own.
#pragma once

#include "vz/sys/dir.hpp"
#include "vz/sys/mount.hpp"
#include "vz/sys/userns.hpp"

namespace vz::ops {

// High above any range given to containers or users; nothing on disk ever has these ids.
inline constexpr sys::IdRange k_nobodys_ids{2147352576, 2147352576, 65536};

// Empty, and nothing can be written there. Gone when we are.
inline Result<sys::Dir> make_cell() {
    VZ_ASSIGN(auto mount, sys::make_mount({"tmpfs", "none", {{"mode", "0555"}}, sys::Access::read_only}));
    return sys::Dir(std::move(mount));
}

} // namespace vz::ops
