// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/guest_identity.hpp"

#include "attachment.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>

namespace vz::ops {

namespace {

// Values of `keyword` lines of the host's resolv.conf(5). A resolver on the host's own loopback is of no use
// to a container; systemd-resolved keeps the real ones in a file of its own.
std::vector<std::string> host_resolver(std::string_view keyword) {
    std::vector<std::string> values;
    for (const char* path : {"/run/systemd/resolve/resolv.conf", "/etc/resolv.conf"}) {
        const auto content = sys::read_file(path).value_or(std::nullopt).value_or("");
        for (const auto& line : text::split(content, '\n')) {
            const auto words = text::words(line);
            if (words.size() > 1 && words[0] == keyword)
                values.insert(values.end(), words.begin() + 1, words.end());
        }
        if (!values.empty())
            break;
    }
    values.erase(std::remove_if(values.begin(), values.end(),
                                [](const std::string& v) { return v.rfind("127.", 0) == 0 || v == "::1"; }),
                 values.end());
    return values;
}

std::vector<std::string> resolved(const config::Container& container, const char* key, const char* keyword,
                                  bool (*is_valid)(std::string_view), Reporter& out) {
    auto values = text::words(container.get_or(key, "inherit"));
    if (values == std::vector<std::string>{"inherit"})
        values = host_resolver(keyword);
    std::vector<std::string> good;
    for (auto& value : values) {
        if (is_valid(value))
            good.push_back(std::move(value));
        else
            out.warning(
                format("{} of {}: not usable: {}", key, container.ctid().value(), text::printable(value)));
    }
    return good;
}

} // namespace

guest::Identity identity_of(const config::Container& container, Reporter& out) {
    guest::Identity identity;
    identity.hostname = container.hostname();
    if (!guest::valid_hostname(identity.hostname)) {
        out.warning(format("HOSTNAME of {}: not usable: {}", container.ctid().value(),
                           text::printable(identity.hostname)));
        identity.hostname.clear();
    }
    identity.addresses = container.addresses();
    for (const auto& address : netif_addresses(container))
        identity.addresses.push_back(address.text());
    identity.nameservers = resolved(container, "NAMESERVER", "nameserver", guest::valid_address, out);
    identity.search_domains = resolved(container, "SEARCHDOMAIN", "search", guest::valid_domain, out);
    return identity;
}

} // namespace vz::ops
