// SPDX-License-Identifier: GPL-2.0-or-later
// A folder of natural owners as an id range of its own sees it: the way to work on a tree without the host's
// rights.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/mount.hpp"
#include "vz/sys/userns.hpp"

#include <string>

namespace vz::templates {

struct Scratch {
    sys::Fd userns;
    sys::Dir dir; // a detached id-mapped mount: gone when we are

    static Result<Scratch> open(const std::string& path) {
        // High above any range given to containers or users; nothing on disk ever has these ids.
        constexpr sys::IdRange range{2147352576, 2147352576, 65536};
        VZ_ASSIGN(auto userns, sys::make_userns(range));
        VZ_ASSIGN(auto mount, sys::clone_mount_mapped(path, userns));
        return Scratch{std::move(userns), sys::Dir(std::move(mount))};
    }
};

} // namespace vz::templates
