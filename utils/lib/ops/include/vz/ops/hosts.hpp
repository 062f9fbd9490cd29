// SPDX-License-Identifier: GPL-2.0-or-later
// The names and addresses of all containers, made of their configurations, and where they are written.
#pragma once

#include "vz/ops/context.hpp"

#include <string>
#include <vector>

namespace vz::ops {

struct NamedContainer {
    config::Ctid ctid;
    std::string hostname;               // RFC 1123
    std::vector<std::string> addresses; // without prefix lengths; at least one
};

// Ascending by id. Names that do not validate and names that two have are told to `out`, and the latter are
// kept: a resolver returns both. `domain` is given to names without one.
Result<std::vector<NamedContainer>> named_containers(const config::Host& host, const std::string& domain,
                                                     Reporter& out);

enum class NamesFormat { hosts, dnsmasq, zone };

struct NamesRequest {
    NamesFormat format = NamesFormat::hosts;
    std::string zone; // for a zone file: its name, its name server and its contact as names
    std::string name_server;
    std::string contact;
};

// Errc::bad_value for a zone without a good name.
Result<void> check_names_request(const NamesRequest& request);

// What `request` makes of them; `old` is the file that it is to become: there, only our lines change (or the
// serial of a zone when anything did). Errc::bad_value for a zone file that we did not write.
Result<std::string> names_text(const NamesRequest& request, const std::vector<NamedContainer>& names,
                               const std::string* old);

enum class Outcome { unchanged, changed };

// Brings a file of the host up to date, atomically; owner and mode stay. `dry_run`: only tells.
Result<Outcome> update_names_file(const config::Host& host, const NamesRequest& request,
                                  const std::vector<NamedContainer>& names, const std::string& path,
                                  bool dry_run);

// Brings /etc/hosts of a container up to date, running or not, with the names of all others.
Result<Outcome> update_container_hosts(const Context& context, config::Ctid ctid,
                                       const std::vector<NamedContainer>& names, bool dry_run);

// Errc::bad_value unless it is "HOST:PATH", or an absolute path on this host, of a file.
Result<void> check_push_target(const std::string& target);

// Copies `content` there by rsync(1). `rsh`: the remote shell, as rsync's -e; "" for ssh that asks nothing.
// Errc::system with rsync's first words.
Result<void> push_names(const config::Host& host, const std::string& content, const std::string& target,
                        const std::string& rsh);

} // namespace vz::ops
