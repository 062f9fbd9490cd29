// SPDX-License-Identifier: GPL-2.0-or-later
// Mending of what CRIU writes. It takes every mount of control groups for one of the container's whole tree. systemd,
// though, gives a service in a sandbox one file of it that may be written (memory.pressure), by a mount of its own:
// a restore would fail there.
// The format: criu.org/Images, criu/images/mnt.proto, and Protocol Buffers' wire format.
#pragma once

#include "vz/base/result.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace vz::checkpoint {

// Number of a mount → what of the file system it shows.
using MountRoots = std::map<std::uint64_t, std::string>;

// The mounts of parts of a container's group, as the text of /proc/PID/mountinfo has them; pure. `group` is its
// path below the root of the hierarchy; the roots are below that, with a slash in front.
MountRoots group_mounts(std::string_view mountinfo, std::string_view group);

// The content of an image "mountpoints-N.img" with these roots; pure. Errc::checkpoint if it is none.
Result<std::string> with_mount_roots(std::string_view image, const MountRoots& roots);

// All such images in a folder. `group` as above; `folder_of_group` is where it is.
Result<void> mend_mounts(const std::string& images, const std::string& folder_of_group,
                         std::string_view group);

} // namespace vz::checkpoint
