// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/guest/identity.hpp"

#include "entry.hpp"
#include "vz/base/text.hpp"
#include "vz/guest/identity_text.hpp"

namespace vz::guest {

namespace {

constexpr std::size_t k_max_hosts = 16 << 20; // lists of blocked hosts grow large
constexpr std::size_t k_max_small = 1 << 20;

Result<void> check_hostname(const std::string& hostname) {
    if (!valid_hostname(hostname))
        return fail(Errc::hostname, "not a host name: {}", text::printable(hostname));
    return {};
}

// Writes etc/NAME unless it is a plain file that says so already.
Result<void> put(const Entry& entry, std::string_view content) {
    const auto now =
        entry.regular() ? entry.read(k_max_hosts) : Result<std::string>(fail(Errc::failed, "none"));
    if (now && *now == content)
        return {};
    return entry.replace(content);
}

Result<std::vector<std::string>> bare_addresses(const std::vector<std::string>& addresses) {
    std::vector<std::string> out;
    for (const auto& address : addresses) {
        out.push_back(address.substr(0, address.find('/')));
        if (!valid_address(out.back()))
            return fail(Errc::ip, "not an address: {}", text::printable(address));
    }
    return out;
}

// What /etc/hosts says now, through a link that ends inside the root; nothing for what no resolver could
// read.
Result<std::string> current_hosts(const sys::Dir& root) {
    const auto status = root.stat_following("etc/hosts");
    if (!status || !*status || !S_ISREG((*status)->st_mode))
        return std::string();
    VZ_ASSIGN(auto content, root.read_file("etc/hosts", k_max_hosts));
    return content.value_or("");
}

Result<void> write_hostname(const sys::Dir& root, const std::string& hostname) {
    VZ_ASSIGN(const auto etc, root.sub("etc"));
    VZ_ASSIGN(const auto entry, Entry::look(etc, "hostname"));
    return put(entry, hostname + "\n");
}

Result<void> write_hosts(const sys::Dir& root, const std::string& hostname,
                         const std::vector<std::string>& addresses) {
    VZ_ASSIGN(const auto etc, root.sub("etc"));
    VZ_ASSIGN(const auto old, current_hosts(root));
    VZ_ASSIGN(const auto entry, Entry::look(etc, "hosts"));
    return put(entry, edit_hosts(old, hostname, addresses));
}

Result<void> write_resolver(const sys::Dir& root, const std::vector<std::string>& nameservers,
                            const std::vector<std::string>& search_domains, Empty empty) {
    VZ_ASSIGN(const auto etc, root.sub("etc"));
    VZ_ASSIGN(const auto entry, Entry::look(etc, "resolv.conf"));
    const auto old = entry.regular() ? entry.read(k_max_small).value_or("") : std::string();
    return put(entry, edit_resolver(old, nameservers, search_domains, empty));
}

} // namespace

Result<void> set_hostname(const sys::Dir& root, const std::string& hostname) {
    VZ_TRY(check_hostname(hostname));
    return write_hostname(root, hostname).context("container's /etc/hostname").as(Errc::hostname);
}

Result<void> set_hosts(const sys::Dir& root, const std::string& hostname,
                       const std::vector<std::string>& addresses) {
    VZ_TRY(check_hostname(hostname));
    VZ_ASSIGN(const auto bare, bare_addresses(addresses));
    return write_hosts(root, hostname, bare).context("container's /etc/hosts").as(Errc::hostname);
}

Result<void> set_resolver(const sys::Dir& root, const std::vector<std::string>& nameservers,
                          const std::vector<std::string>& search_domains, Empty empty) {
    for (const auto& server : nameservers)
        if (!valid_address(server))
            return fail(Errc::dns, "not the address of a name server: {}", text::printable(server));
    for (const auto& domain : search_domains)
        if (!valid_domain(domain))
            return fail(Errc::search_domain, "not a domain: {}", text::printable(domain));
    if (nameservers.empty() && search_domains.empty() && empty == Empty::keep)
        return {};
    return write_resolver(root, nameservers, search_domains, empty)
        .context("container's /etc/resolv.conf")
        .as(Errc::dns);
}

Result<void> apply(const sys::Dir& root, const Identity& identity) {
    if (!identity.hostname.empty()) {
        VZ_TRY(set_hostname(root, identity.hostname));
        VZ_TRY(set_hosts(root, identity.hostname, identity.addresses));
    }
    return set_resolver(root, identity.nameservers, identity.search_domains);
}

} // namespace vz::guest
