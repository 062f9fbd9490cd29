// SPDX-License-Identifier: GPL-2.0-or-later
// The programs that do the work: ip(8), bridge(8) and nft(8), each fed by a text on standard input.
#pragma once

#include "links.hpp"
#include "vz/network/plan.hpp"

namespace vz::network {

// With the routes to these addresses, and all routes and neighbours of `device`, which must exist.
Result<HostState> read_host(const std::vector<Ip>& addresses, const std::optional<std::string>& device);
Result<GuestState> read_guest(int net_ns);

enum class OnFailure { stop, go_on };

// How changes are made. The lock (borrowed) is held by the programs too: if we are killed, the next command
// waits until they have ended, and does not look at a state that still changes.
struct Change {
    int lock_fd = -1;
    int net_ns = -1;
    OnFailure on_failure = OnFailure::stop;
};

// A network namespace (a descriptor of ours, or -1: our own) as a path that a program of ours can open.
std::string ns_path(int net_ns);

// Runs the lines of `batch`; nothing to do costs nothing. Errc::ip_in_use if the kernel says that something
// exists, add_ip for the rest.
Result<void> run_ip_batch(const std::string& batch, const Change& change);

Result<void> run_nft(const std::string& transaction, int lock_fd); // Errc::kernel_unsuitable
Result<void> check_nft(const std::string& transaction);            // whether it would be taken

// All devices with their kinds, and default routes: of the host (-1) or of a container.
Result<Links> read_links(int net_ns);

Result<std::vector<std::uint16_t>> read_port_vlans(const std::string& port);
Result<void> run_bridge_batch(const std::string& batch, const Change& change); // Errc::veth

} // namespace vz::network
