// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/network/hosts_text.hpp"

#include "vz/base/text.hpp"

#include <algorithm>

namespace vz::network {

namespace {

constexpr std::string_view k_begin = "# vzhosts: begin (these lines are written by vzhosts)";
constexpr std::string_view k_end = "# vzhosts: end";
constexpr std::string_view k_zone_mark = "; written by vzhosts";

std::vector<std::string> lines_of(std::string_view text) {
    if (text.empty())
        return {};
    if (text.back() == '\n')
        text.remove_suffix(1);
    return text::split(text, '\n');
}

bool is_mark(std::string_view line, std::string_view mark) {
    return text::trim(line) == mark;
}

// For each line whether it goes: marks, and what is between two that belong together.
std::vector<bool> lines_to_go(const std::vector<std::string>& lines) {
    std::vector<bool> goes(lines.size(), false);
    constexpr auto k_none = std::string_view::npos;
    std::size_t begin = k_none; // of the block that is open
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (is_mark(lines[i], k_begin)) {
            goes[i] = true;
            begin = i;
        } else if (is_mark(lines[i], k_end)) {
            goes[i] = true;
            if (begin != k_none)
                std::fill(goes.begin() + static_cast<long>(begin), goes.begin() + static_cast<long>(i), true);
            begin = k_none;
        }
    }
    return goes;
}

std::string names_of(const HostNames& host) {
    const auto alias = host.short_name();
    return alias == host.fqdn ? alias : format("{} {}", host.fqdn, alias);
}

bool is_in_zone(std::string_view name, std::string_view zone) {
    return name.size() > zone.size() && name.substr(name.size() - zone.size()) == zone &&
           name[name.size() - zone.size() - 1] == '.';
}

std::string_view record_type(const Ip& ip) {
    return ip.family() == Family::ipv4 ? "A" : "AAAA";
}

std::string forward_records(const Zone& zone, const HostNames& host) {
    const auto fqdn = text::lower(host.fqdn);
    if (!is_in_zone(fqdn, zone.name))
        return {};
    const auto label = fqdn.substr(0, fqdn.size() - zone.name.size() - 1);
    std::string out;
    for (const Ip& ip : host.addresses)
        out += format("{}\tIN\t{}\t{}\n", label, record_type(ip), ip.text());
    return out;
}

std::string reverse_records(const Zone& zone, const HostNames& host) {
    std::string out;
    if (host.fqdn.find('.') == std::string::npos) // would become a name of the reverse zone itself
        return out;
    for (const Ip& ip : host.addresses)
        if (const auto name = reverse_name(ip); is_in_zone(name, zone.name))
            out += format("{}\tIN\tPTR\t{}.\n", name.substr(0, name.size() - zone.name.size() - 1),
                          text::lower(host.fqdn));
    return out;
}

bool is_reverse(std::string_view zone) {
    return zone.ends_with(".in-addr.arpa") || zone.ends_with(".ip6.arpa");
}

std::vector<std::string> of_family(const HostNames& host, Family family) {
    std::vector<std::string> out;
    for (const Ip& ip : host.addresses)
        if (ip.family() == family)
            out.push_back(ip.text());
    return out;
}

} // namespace

std::string hosts_text(const std::vector<HostNames>& hosts) {
    std::string out;
    for (const auto& host : hosts)
        for (const Ip& ip : host.addresses)
            out += format("{}\t{}\n", ip.text(), names_of(host));
    return out;
}

// dnsmasq takes one address of each family a line.
std::string dnsmasq_text(const std::vector<HostNames>& hosts) {
    std::string out;
    for (const auto& host : hosts) {
        auto names = text::words(names_of(host));
        const auto ipv4 = of_family(host, Family::ipv4);
        const auto ipv6 = of_family(host, Family::ipv6);
        for (std::size_t i = 0; i < std::max(ipv4.size(), ipv6.size()); ++i)
            out += format("host-record={}{}{}{}{}\n", text::join(names, ","), i < ipv4.size() ? "," : "",
                          i < ipv4.size() ? ipv4[i] : "", i < ipv6.size() ? "," : "",
                          i < ipv6.size() ? ipv6[i] : "");
    }
    return out;
}

std::string with_block(std::string_view old, std::string_view lines) {
    const auto present = lines_of(old);
    const auto goes = lines_to_go(present);
    const std::string block = lines.empty() ? std::string() : format("{}\n{}{}\n", k_begin, lines, k_end);
    const auto first = std::find(goes.begin(), goes.end(), true) - goes.begin();
    std::string out;
    for (std::size_t i = 0; i < present.size(); ++i) {
        if (static_cast<long>(i) == first)
            out += block;
        if (!goes[i])
            out += present[i] + '\n';
    }
    return first == static_cast<long>(present.size()) ? out + block : out;
}

std::string reverse_name(const Ip& ip) {
    std::string out;
    if (ip.family() == Family::ipv4) {
        for (int i = 3; i >= 0; --i)
            out += format("{}.", ip.bytes()[static_cast<std::size_t>(i)]);
        return out + "in-addr.arpa";
    }
    for (int i = 15; i >= 0; --i) {
        const auto byte = ip.bytes()[static_cast<std::size_t>(i)];
        out += format("{:x}.{:x}.", byte & 0xf, byte >> 4);
    }
    return out + "ip6.arpa";
}

std::string zone_text(const Zone& zone, const std::vector<HostNames>& hosts) {
    std::string out = format("{0}; serial is raised when something changes\n"
                             "$ORIGIN {1}.\n$TTL 3600\n"
                             "@\tIN\tSOA\t{2}. {3}. (\n\t{4}\t; serial\n\t3600 900 604800 300 )\n"
                             "@\tIN\tNS\t{2}.\n",
                             k_zone_mark, zone.name, zone.name_server, zone.contact, zone.serial);
    for (const auto& host : hosts)
        out += is_reverse(zone.name) ? reverse_records(zone, host) : forward_records(zone, host);
    return out;
}

bool is_our_zone(std::string_view text) {
    return text.substr(0, k_zone_mark.size()) == k_zone_mark;
}

std::optional<std::uint32_t> zone_serial(std::string_view text) {
    for (const auto& line : text::split(text, '\n')) {
        const auto words = text::words(line);
        if (words.size() == 3 && words[1] == ";" && words[2] == "serial")
            if (const auto number = text::to_uint(words[0]); number && *number <= 0xffffffffU)
                return static_cast<std::uint32_t>(*number);
    }
    return std::nullopt;
}

std::uint32_t next_serial(std::optional<std::uint32_t> old, std::uint32_t today) {
    return old ? std::max(*old + 1, today) : today;
}

} // namespace vz::network
