// SPDX-License-Identifier: GPL-2.0-or-later
// Who a container is, in its own files: /etc/hostname, /etc/hosts and /etc/resolv.conf. No program of the
// container runs. `root` is the container's file system as the host mounts it, never /proc/PID/root of a
// running container: there the container can mount a file system that never answers. The tree is hostile:
// links, FIFOs and devices in place of a file are replaced by a file, never followed out.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/dir.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vz::guest {

// RFC 1123 labels (letters, digits, inner hyphens, at most 63), at most 64 in all (HOST_NAME_MAX), not an
// address.
bool valid_hostname(std::string_view name);
// A search domain: as above with underscores, at most 253, one trailing dot or a lone dot allowed
// (resolv.conf(5)).
bool valid_domain(std::string_view name);
// An IPv4 or IPv6 address as inet_pton(3) takes it: a name server, or an address without its prefix length.
bool valid_address(std::string_view address);

struct Identity {
    std::string hostname;                    // full or short; empty: leave hostname and hosts alone
    std::vector<std::string> addresses;      // "10.0.0.5" or "10.0.0.5/24", IPv4 and IPv6
    std::vector<std::string> nameservers;    // empty: leave these lines of resolv.conf alone
    std::vector<std::string> search_domains; // empty: the same
};

// All of what follows, in this order. Files that already say so are not written.
Result<void> apply(const sys::Dir& root, const Identity& identity);

// Writes the name as it is, with its domain, to /etc/hostname, as the classic Debian scripts did.
// Errc::hostname.
Result<void> set_hostname(const sys::Dir& root, const std::string& hostname);

// Makes /etc/hosts map the container's addresses (127.0.1.1 if it has none) to "FQDN SHORT". Only lines with
// our mark change; everything else in the file stays. Errc::hostname, Errc::ip for a bad address.
Result<void> set_hosts(const sys::Dir& root, const std::string& hostname,
                       const std::vector<std::string>& addresses);

// What an empty list means: the lines of that kind stay, or they go.
enum class Empty { keep, clear };

// Replaces the "nameserver" and "search" lines of /etc/resolv.conf; other lines stay. A link (to a stub of
// systemd-resolved, say) becomes a plain file. Errc::dns, Errc::search_domain.
Result<void> set_resolver(const sys::Dir& root, const std::vector<std::string>& nameservers,
                          const std::vector<std::string>& search_domains, Empty empty = Empty::keep);

} // namespace vz::guest
