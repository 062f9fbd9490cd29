// SPDX-License-Identifier: GPL-2.0-or-later
// What a container has besides its routed link: interfaces on bridges, devices of the host that were given to
// it, and its firewall.
//
// As for the routed link, everything is computed from the kernel's present state and a record in `state_dir`,
// written before anything is made: each call repairs what an earlier, killed one left. Rules are there before
// a device is. Needs root in the host's network namespace.
#pragma once

#include "vz/base/reporter.hpp"
#include "vz/network/firewall.hpp"
#include "vz/network/netif.hpp"

#include <string>
#include <vector>

namespace vz::network {

struct Attachment {
    std::uint32_t ctid = 0;
    int guest_net_ns = -1; // the container's network namespace (borrowed)
    std::vector<Netif> netifs;
    std::vector<Netif> before;        // what they were until now, on a live change
    std::vector<std::string> devices; // of the host, to be given to the container
    Firewall firewall;
};

// The one transaction of rules for `attachment`, as text for `nft -f -`; its namespace is not needed. `gone`:
// ports of an earlier time.
std::string nft_attachment(const Attachment& attachment, const std::vector<std::string>& gone = {});

class Bridged {
public:
    explicit Bridged(std::string state_dir, Reporter& reporter = silent_reporter())
        : m_state_dir(std::move(state_dir)), m_reporter(reporter) {}

    // Makes it so: at start, on a live change, after a restore. Doing it again is harmless, and a container
    // that never had any of it costs nothing. Errc::veth, net_device, kernel_unsuitable (no nftables).
    Result<void> bring_up(const Attachment& attachment) const;

    // Only the rules, in one transaction; connections go on.
    Result<void> apply_rules(const Attachment& attachment) const;

    // Whether nft(8) and the kernel would take these rules; nothing is changed.
    Result<void> check_rules(const Attachment& attachment) const;

    // Takes the host's devices out of the container while its namespace is still there: the kernel saves real
    // devices when a namespace dies, but not VLANs and others of its own making. A failure is told and does
    // not stop the rest.
    Result<void> return_devices(std::uint32_t ctid, int guest_net_ns) const;

    // Takes everything of this container off the host. Nothing there is fine.
    Result<void> take_down(std::uint32_t ctid) const;

private:
    std::string m_state_dir;
    Reporter& m_reporter;
};

} // namespace vz::network
