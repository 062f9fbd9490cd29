// SPDX-License-Identifier: GPL-2.0-or-later
// The routed network of a container: a veth pair, "venet<CTID>" on the host and "venet0" inside, single
// addresses, routes on the host, proxy ARP and NDP on the uplinks, source checks and masquerading in the
// nftables table "inet vz".
//
// Everything is computed from the kernel's present state and a small record in `Policy::state_dir`, so each
// call repairs what an earlier, killed one left. Needs root in the host's network namespace.
//
// Not in our hands: a FORWARD policy of "drop" in another table (Docker, firewalld, ufw). nftables cannot
// overrule a drop elsewhere; the administrator must allow venet* there.
#pragma once

#include "vz/base/reporter.hpp"
#include "vz/base/result.hpp"
#include "vz/network/address.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vz::network {

// The host's end of a container's link; at most 15 characters for every CTID up to 2^31 - 1.
std::string device_name(std::uint32_t ctid);
inline constexpr std::string_view k_guest_device = "venet0";
inline constexpr std::string_view k_host_mac = "fe:ff:ff:ff:ff:ff"; // of the host's end, the same everywhere

// On which uplinks the host answers ARP and NDP for a container (NEIGHBOUR_DEVS).
struct NeighbourDevices {
    enum class Mode { detect, all, listed, none }; // detect: where the uplink's own subnet holds the address
    Mode mode = Mode::detect;
    std::vector<std::string> names; // for Mode::listed

    // "", "detect", "all", "none" or "list:eth0 eth1". Errc::bad_value.
    static Result<NeighbourDevices> parse(std::string_view text);
};

struct Policy {
    enum class Masquerade { automatic, none };
    enum class Firewall {
        required,
        if_possible
    }; // if_possible: without nf_tables, warn and go on unprotected

    Masquerade masquerade = Masquerade::automatic; // private addresses, where they leave by a foreign subnet
    Firewall firewall = Firewall::required;
    NeighbourDevices neighbours;
    std::optional<std::string>
        route_src_device;    // VE_ROUTE_SRC_DEV: the host's source address towards containers
    bool ipv6 = true;        // IPV6=no: IPv6 addresses are skipped with a warning
    bool set_sysctls = true; // SKIP_SYSCTL_SETUP=yes: forwarding of the host is left alone
    std::string state_dir = "/run/vz/net";
};

struct Link {
    std::uint32_t ctid = 0;
    int guest_net_ns = -1;          // the container's network namespace (borrowed)
    std::vector<Address> addresses; // in order: the first IPv4 one is the source address by default
};

struct Conflict {
    Address address;
    std::string owner; // "eth0 of this host", "container 102", "02:42:ac:11:00:02 on eth0"
};

enum class Probe { none, neighbours }; // none: SKIP_ARPDETECT

class Routed {
public:
    explicit Routed(Policy policy, Reporter& reporter = silent_reporter())
        : m_policy(std::move(policy)), m_reporter(reporter) {}

    // Makes both ends have exactly these addresses: at start, on a live change, after a restore. Doing it
    // again is harmless. After an error, take_down() or another bring_up() puts things right.
    // Errc::net_device: a device is missing; add_ip: the kernel refused; ip_in_use: the host has such a
    // route; kernel_unsuitable: no nftables.
    Result<void> bring_up(const Link& link) const;

    // Takes everything of this container off the host, whether or not its device still exists. Nothing there
    // is fine. Goes on after a failure and returns the first one; then a later call tries the rest again.
    Result<void> take_down(std::uint32_t ctid) const;

    // Who has these addresses already, besides container `ctid`: this host, another container on it, or, when
    // probing, a machine in an uplink's subnet (RFC 5227, RFC 4862; takes at most 0.6 s for all together, and
    // no time if no uplink's subnet holds any).
    Result<std::vector<Conflict>> find_conflicts(const std::vector<Address>& addresses, std::uint32_t ctid,
                                                 Probe probe) const;

    // Tells the neighbours on the uplinks that answer for these addresses to forget where they were before
    // (gratuitous ARP, unsolicited neighbour advertisement). Call when new addresses are up. Does not wait.
    Result<void> announce(const std::vector<Address>& addresses) const;

private:
    Policy m_policy;
    Reporter& m_reporter;
};

} // namespace vz::network
