// SPDX-License-Identifier: GPL-2.0-or-later
// Names and addresses as other programs read them: hosts(5), dnsmasq(8), zone files (RFC 1035). Pure.
#pragma once

#include "vz/network/address.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vz::network {

struct HostNames {
    std::string fqdn; // or a single label where there is no domain; checked by the caller (RFC 1123)
    std::vector<Ip> addresses;

    std::string short_name() const { return fqdn.substr(0, fqdn.find('.')); }
};

// "10.0.0.101<tab>web.example.org web", one line an address.
std::string hosts_text(const std::vector<HostNames>& hosts);
// "host-record=web.example.org,web,10.0.0.101,2001:db8::1"
std::string dnsmasq_text(const std::vector<HostNames>& hosts);

// `old` with `lines` between our two marks; nothing else changes. New marks go to the end. A mark without its
// partner is taken away alone. Doing it again changes nothing; no `lines` take the marks away too.
std::string with_block(std::string_view old, std::string_view lines);

struct Zone {
    std::string name;        // without the last dot; "….in-addr.arpa" and "….ip6.arpa" are reverse zones
    std::string name_server; // full names, without the last dot
    std::string contact;     // "hostmaster.example.org"
    std::uint32_t serial = 1;
};
// A whole zone file with the hosts of this zone, or (reverse) the addresses of it.
std::string zone_text(const Zone& zone, const std::vector<HostNames>& hosts);
bool is_our_zone(std::string_view text);
std::optional<std::uint32_t> zone_serial(std::string_view text);
// The next serial: by the day (2026112300) where that is higher (RFC 1912, 2.2).
std::uint32_t next_serial(std::optional<std::uint32_t> old, std::uint32_t today);

// "101.0.0.10.in-addr.arpa"
std::string reverse_name(const Ip& ip);

} // namespace vz::network
