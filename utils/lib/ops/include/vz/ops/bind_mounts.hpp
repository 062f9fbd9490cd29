// SPDX-License-Identifier: GPL-2.0-or-later
// Folders of the host that containers share: BINDMOUNT in NUM.conf, live and at each start.
#pragma once

#include "vz/config/container.hpp"
#include "vz/ops/context.hpp"

#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace vz::ops {

struct BindMount {
    std::string source; // absolute path on the host
    std::string target; // absolute path in the container
    bool read_only = false;
    bool no_exec = false;
    bool allow_suid = false; // set-user-id programs in it count

    bool operator==(const BindMount&) const = default;
};

// "[SRC:]DST[,ro][,noexec][,suid][,nosuid][,nodev][,rw]"; without SRC the same path on both sides.
// Errc::bad_value. Pure.
Result<BindMount> parse_bind(std::string_view text);
std::string bind_text(const BindMount& bind); // "SRC:DST,ro,noexec"

// The value of BINDMOUNT: several, separated by blanks. Errc::bad_config.
Result<std::vector<BindMount>> parse_binds(std::string_view value);
std::string binds_text(const std::vector<BindMount>& binds);

// The list after an addition or a removal (of a target, or "all"). An added one takes the place of one with
// the same target. Pure.
std::vector<BindMount> with_bind(std::vector<BindMount> binds, const BindMount& added);
std::vector<BindMount> without_bind(std::vector<BindMount> binds, std::string_view target);

// Whether that folder of the host may be given to containers, by its name alone: not what the host itself
// lives from.
Result<void> check_bind_source_name(const config::HostPaths& paths, const BindMount& bind);

// The same for what is there: a folder, reached without symbolic links, on a file system that can map owners.
// Tells `out` when users of the host could reach what a container's root leaves there. Errc::bad_value.
Result<void> check_bind_source(const config::Container& container, const BindMount& bind, Reporter& out);

// Mounts into the container whose init is `init`, all of BINDMOUNT or one; what is at the target already is
// replaced.
Result<void> attach_binds(const config::Container& container, pid_t init);
Result<void> attach_bind(const config::Container& container, pid_t init, const BindMount& bind);
Result<void> detach_bind(const config::Container& container, pid_t init, const std::string& target);

// What was mounted into the running container, saved or not.
std::vector<BindMount> live_binds(const config::HostPaths& paths, config::Ctid ctid);

} // namespace vz::ops
