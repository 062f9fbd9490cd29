// SPDX-License-Identifier: GPL-2.0-or-later
// The LXC configuration of a container, generated from our own at each start and never edited.
// Keys: lxc.container.conf(5).
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/userns.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace vz::engine {

struct GuestConfig {
    std::uint32_t ctid = 0;
    std::string root; // mounted root file system
    std::string hostname;
    sys::IdRange ids;
    bool is_32bit = false;
    std::string host_device;  // host end of the routed network device; "" for loopback only
    std::string guest_mac;    // of the guest's end
    std::string hook_program; // called as "PROGRAM start-host CTID", "… stop CTID" and "… post-stop CTID"
    std::string log_file;
    bool log_ends = false; // the log tells how its init ended
    bool console = false;  // /dev/console and /dev/tty1 to tty4, held by the monitor: cannot be checkpointed
    std::string seccomp_profile;                   // "" for none
    std::string apparmor_profile;                  // "" where the kernel has no AppArmor
    std::string group;                             // instead of lxc_group(): that of another container's name
    bool cgroup_v1 = false;                        // hybrid or legacy host: device rules go there too
    std::vector<std::string> dropped_capabilities; // as capabilities(7), lower case without "cap_"
    std::vector<std::string> device_rules;         // besides the harmless ones: "c 10:200 rw"
    struct Bind {
        std::string source; // of the host
        std::string target; // below the container's root, without a slash in front; must be there
    };
    std::vector<Bind> binds; // left out where the source is gone
};

// Errc::bad_value if a value holds a control character: a line of ours must stay one line.
Result<std::string> lxc_config(const GuestConfig& guest);

// What a container may do with devices without being granted any, as "c 1:3 rwm".
std::vector<std::string> usual_device_rules();

// Name of the container for liblxc. It is in cgroup paths, which checkpoint images hold, so it must not
// change when the container gets another CTID.
std::string lxc_name(std::uint32_t ctid, const std::string& uuid);

// The container's control group, below the root of each hierarchy.
std::string lxc_group(const std::string& name);

// The lock file that liblxc makes for a container and never removes (lxclock.c in its sources).
std::string lxc_lock_file(const std::string& lxc_dir, const std::string& name);

} // namespace vz::engine
