// SPDX-License-Identifier: GPL-2.0-or-later
// Mending of what CRIU writes about mounts, so that services in sandboxes of systemd can be restored. It
// takes every mount of control groups for one of the container's whole tree. systemd, though, gives a service
// in a sandbox one file of it that may be written (memory.pressure), by a mount of its own: a restore would
// fail there. And it cannot put two mounts into one group of propagation if they show different parts of a
// file system, as the folder through which systemd could send mounts to a service (/run/systemd/incoming):
// all but one then stand alone.
// The format: criu.org/Images, criu/images/mnt.proto, and Protocol Buffers' wire format.
#pragma once

#include "vz/base/result.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace vz::checkpoint {

// Number of a mount → what of the file system it shows.
using MountRoots = std::map<std::uint64_t, std::string>;

// The mounts of parts of a container's group, as the text of /proc/PID/mountinfo has them; pure. `group` is
// its path below the root of the hierarchy; the roots are below that, with a slash in front.
MountRoots group_mounts(std::string_view mountinfo, std::string_view group);

struct MountEntry {
    std::uint64_t id = 0;
    std::string root;
    std::uint64_t shared = 0; // group that it propagates in
    std::uint64_t master = 0; // group that it receives from
};
// The mounts in an image "mountpoints-N.img"; pure. Errc::checkpoint if it is none.
Result<std::vector<MountEntry>> mounts_in(std::string_view image);

// Those that must stand alone; pure.
std::set<std::uint64_t> outsiders(const std::vector<MountEntry>& mounts);

// The image with these roots instead of "/", and these mounts alone; pure. Errc::checkpoint.
Result<std::string> mended_image(std::string_view image, const MountRoots& roots,
                                 const std::set<std::uint64_t>& alone);

// All such images in a folder. `group` as above; `folder_of_group` is where it is.
Result<void> mend_mounts(const std::string& images, const std::string& folder_of_group,
                         std::string_view group);

} // namespace vz::checkpoint
