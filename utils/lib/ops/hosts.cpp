// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/hosts.hpp"

#include "attachment.hpp"
#include "net_policy.hpp"
#include "vz/base/text.hpp"
#include "vz/config/registry.hpp"
#include "vz/guest/identity.hpp"
#include "vz/guest/text_file.hpp"
#include "vz/network/hosts_text.hpp"
#include "vz/ops/mount.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/process.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <map>
#include <sys/stat.h>
#include <unistd.h>

namespace vz::ops {

namespace {

constexpr std::size_t k_max_hosts = 16 << 20;

std::string full_name(const std::string& hostname, const std::string& domain) {
    return domain.empty() || hostname.find('.') != std::string::npos ? hostname
                                                                     : format("{}.{}", hostname, domain);
}

std::vector<std::string> addresses_of(const config::Container& container) {
    std::vector<std::string> out;
    auto all = configured_addresses(container, silent_reporter());
    for (const auto& address : netif_addresses(container))
        all.push_back(address);
    for (const auto& address : all)
        out.push_back(address.ip().text());
    return out;
}

std::vector<network::HostNames> for_network(const std::vector<NamedContainer>& names) {
    std::vector<network::HostNames> out;
    for (const auto& one : names) {
        network::HostNames host{one.hostname, {}};
        for (const auto& text : one.addresses)
            if (const auto ip = network::Ip::parse(text))
                host.addresses.push_back(*ip);
        out.push_back(std::move(host));
    }
    return out;
}

void warn_of_twins(const std::vector<NamedContainer>& names, Reporter& out) {
    std::map<std::string, config::Ctid> seen;
    for (const auto& one : names) {
        const auto [entry, is_new] = seen.emplace(text::lower(one.hostname), one.ctid);
        if (!is_new)
            out.warning(format("the name {} belongs to the containers {} and {}", one.hostname,
                               entry->second.value(), one.ctid.value()));
    }
}

// 2026112300
std::uint32_t today_as_serial() {
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    return static_cast<std::uint32_t>((utc.tm_year + 1900) * 1000000 + (utc.tm_mon + 1) * 10000 +
                                      utc.tm_mday * 100);
}

Result<std::string> zone_of(const NamesRequest& request, const std::vector<network::HostNames>& hosts,
                            const std::string* old) {
    if (old && !old->empty() && !network::is_our_zone(*old))
        return fail(Errc::bad_value, "not a zone file of vzhosts: choose another file, or remove this one");
    const auto serial = old ? network::zone_serial(*old) : std::nullopt;
    network::Zone zone{text::lower(request.zone), request.name_server, request.contact, serial.value_or(0)};
    if (serial && network::zone_text(zone, hosts) == *old)
        return *old;
    zone.serial = network::next_serial(serial, today_as_serial());
    return network::zone_text(zone, hosts);
}

// Where the file really is: links are kept, and what they lead to changes.
std::string real_path(const std::string& path) {
    char resolved[PATH_MAX] = "";
    return ::realpath(path.c_str(), resolved) ? resolved : path;
}

Result<Outcome> update_mounted(const config::Container& container, const std::string& lines, bool dry_run) {
    const auto edit = [&](std::string_view old) { return network::with_block(old, lines); };
    VZ_ASSIGN(const auto word, from_guest_files(container, [&](const sys::Dir& root) -> Result<std::string> {
                  VZ_ASSIGN(const bool changed,
                            guest::edit_text_file(root, {"etc", "hosts", k_max_hosts}, edit, dry_run));
                  return std::string(changed ? "changed" : "");
              }));
    return word.empty() ? Outcome::unchanged : Outcome::changed;
}

constexpr std::string_view k_push_prefix = "hosts-push.";

// The process that a file of push_names belongs to.
std::optional<pid_t> pusher(std::string_view name) {
    if (!name.starts_with(k_push_prefix))
        return std::nullopt;
    name.remove_prefix(k_push_prefix.size());
    const auto pid = text::to_uint(name.substr(0, name.find('.')));
    return pid && *pid > 0 && *pid <= INT_MAX ? std::optional(static_cast<pid_t>(*pid)) : std::nullopt;
}

// What a push that was killed has left.
void remove_abandoned(const std::string& folder) {
    const auto dir = sys::Dir::open(folder);
    if (!dir)
        return;
    for (const auto& name : dir->list().value_or({}))
        if (const auto pid = pusher(name); pid && ::kill(*pid, 0) != 0 && errno == ESRCH)
            (void)dir->remove(name);
}

// The first line of what rsync said has the cause; the last only sums up.
Result<void> run_rsync(const sys::Command& command) {
    VZ_ASSIGN(const auto exited, sys::run(command));
    if (exited.status == 0)
        return {};
    const auto lines = text::split(text::trim(exited.err), '\n');
    return fail(Errc::system, "rsync failed ({}): {}", exited.status, text::printable(lines.front()));
}

} // namespace

Result<std::vector<NamedContainer>> named_containers(const config::Host& host, const std::string& domain,
                                                     Reporter& out) {
    std::vector<NamedContainer> names;
    VZ_ASSIGN(const auto ids, config::list_ctids(host.paths));
    for (const auto ctid : ids) {
        const auto container = config::load_container(host, ctid);
        if (!container) {
            out.warning(format("CT {}: left out: {}", ctid.value(), container.error().what));
            continue;
        }
        NamedContainer one{ctid, full_name(container->hostname(), domain), addresses_of(*container)};
        if (!guest::valid_hostname(one.hostname))
            out.warning(
                format("CT {}: left out: not a host name: {}", ctid.value(), text::printable(one.hostname)));
        else if (!one.addresses.empty())
            names.push_back(std::move(one));
    }
    warn_of_twins(names, out);
    return names;
}

Result<void> check_names_request(const NamesRequest& request) {
    if (request.format != NamesFormat::zone)
        return {};
    for (const auto& name : {request.zone, request.name_server, request.contact})
        if (name.empty() || name.ends_with('.') || !guest::valid_domain(name))
            return fail(Errc::bad_value, "not a domain name: {}", text::printable(name));
    return {};
}

Result<std::string> names_text(const NamesRequest& request, const std::vector<NamedContainer>& names,
                               const std::string* old) {
    const auto hosts = for_network(names);
    if (request.format == NamesFormat::zone)
        return zone_of(request, hosts, old);
    const auto lines =
        request.format == NamesFormat::hosts ? network::hosts_text(hosts) : network::dnsmasq_text(hosts);
    return old ? network::with_block(*old, lines) : lines;
}

Result<Outcome> update_names_file(const config::Host& host, const NamesRequest& request,
                                  const std::vector<NamedContainer>& names, const std::string& path,
                                  bool dry_run) {
    VZ_ASSIGN(const auto lock, sys::FileLock::acquire(host.paths.run_dir() + "/hosts.lock", "names",
                                                      std::chrono::seconds(60)));
    if (!lock)
        return fail(Errc::locked, "another vzhosts is at work");
    VZ_ASSIGN(const auto content, sys::read_file(path, k_max_hosts));
    const auto old = content.value_or("");
    VZ_ASSIGN(const auto fresh, names_text(request, names, &old).context(path));
    if (fresh == old && content)
        return Outcome::unchanged;
    if (!dry_run)
        VZ_TRY(sys::write_file_atomic(real_path(path), fresh));
    return Outcome::changed;
}

Result<Outcome> update_container_hosts(const Context& context, config::Ctid ctid,
                                       const std::vector<NamedContainer>& names, bool dry_run) {
    auto others = names;
    std::erase_if(others, [&](const NamedContainer& one) { return one.ctid == ctid; });
    const auto lines = network::hosts_text(for_network(others));
    VZ_ASSIGN(const auto lock, lock_container(context, ctid, "names"));
    VZ_ASSIGN(const auto container, config::load_container(context.host, ctid));
    if (is_mounted(container))
        return update_mounted(container, lines, dry_run);
    const Context quiet{context.host, context.engine, silent_reporter(), true};
    VZ_TRY(mount(quiet, container));
    auto done = update_mounted(container, lines, dry_run);
    auto unmounted = unmount(quiet, container);
    if (done && !unmounted)
        return std::move(unmounted).error();
    return done;
}

Result<void> check_push_target(const std::string& target) {
    const bool is_local = !target.empty() && target[0] == '/';
    const auto colon = target.find(':');
    if (text::has_control(target) || target.empty() || target[0] == '-' ||
        target.ends_with('/') || // a folder: the file would get the name that it has here
        (!is_local && (colon == std::string::npos || colon == 0 || colon + 1 == target.size())))
        return fail(Errc::bad_value, "HOST:PATH or an absolute path expected, not {}",
                    text::printable(target));
    return {};
}

Result<void> push_names(const config::Host& host, const std::string& content, const std::string& target,
                        const std::string& rsh) {
    VZ_TRY(check_push_target(target));
    const auto folder = host.paths.run_dir();
    VZ_TRY(sys::make_dirs(folder));
    remove_abandoned(folder);
    const auto file = format("{}/{}{}", folder, k_push_prefix, ::getpid());
    VZ_TRY(sys::write_file_atomic(file, content));
    // Whole or not at all, on the other side too; arguments are not taken for words of a shell there.
    sys::Command command({"rsync", "--checksum", "--times", "--chmod=F644", "--protect-args", "--timeout=60",
                          "--rsh=" + (rsh.empty() ? "ssh -o BatchMode=yes -o ConnectTimeout=15" : rsh), "--",
                          file, target});
    if (const char* agent = ::secure_getenv("SSH_AUTH_SOCK"))
        command.environment.push_back(format("SSH_AUTH_SOCK={}", agent));
    auto sent = run_rsync(command);
    ::unlink(file.c_str());
    return sent;
}

} // namespace vz::ops
