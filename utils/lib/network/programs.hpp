// SPDX-License-Identifier: GPL-2.0-or-later
// The two programs that do the work: ip(8) and nft(8), each fed by a text on standard input.
#pragma once

#include "vz/network/plan.hpp"

namespace vz::network {

// With the routes to these addresses, and all routes and neighbours of `device`, which must exist.
Result<HostState> read_host(const std::vector<Ip>& addresses, const std::optional<std::string>& device);
Result<GuestState> read_guest(int net_ns);

enum class OnFailure { stop, go_on };

// Runs the lines of `batch`, in namespace `net_ns` if it is not -1. Nothing to do costs nothing.
// Errc::ip_in_use if the kernel says that something exists, add_ip for the rest.
Result<void> run_ip_batch(const std::string& batch, int net_ns = -1, OnFailure on_failure = OnFailure::stop);

Result<void> run_nft(const std::string& transaction); // Errc::kernel_unsuitable

} // namespace vz::network
