// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/network/address.hpp"

#include "vz/base/text.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <bit>

namespace vz::network {

namespace {

struct Block {
    std::string_view network;
    unsigned prefix;
    std::string_view what;
};

// RFC 6890 and its successors, as far as no container can own such an address.
constexpr Block k_refused[] = {
    {"0.0.0.0", 8, "unspecified"},
    {"127.0.0.0", 8, "loopback"},
    {"224.0.0.0", 4, "multicast"},
    {"255.255.255.255", 32, "broadcast"},
    {k_gateway4, 32, "every container's gateway"},
    {"::", 128, "unspecified"},
    {"::1", 128, "loopback"},
    {"::", 96, "IPv4 inside IPv6"},
    {"::ffff:0:0", 96, "IPv4 inside IPv6"},
    {"fe80::", 10, "link-local"},
    {"ff00::", 8, "multicast"},
};

constexpr Block k_private[] = {
    {"10.0.0.0", 8, {}},    {"172.16.0.0", 12, {}},  {"192.168.0.0", 16, {}},
    {"100.64.0.0", 10, {}}, {"169.254.0.0", 16, {}}, {"fc00::", 7, {}},
};

template<std::size_t N>
const Block* find_block(const Block (&blocks)[N], const Ip& ip) {
    const auto* found = std::find_if(std::begin(blocks), std::end(blocks),
                                     [&](const Block& b) { return ip.in(*Ip::parse(b.network), b.prefix); });
    return found == std::end(blocks) ? nullptr : found;
}

// "24" or, for IPv4, "255.255.255.0"; nothing if it is neither.
std::optional<unsigned> parse_prefix(const Ip& ip, std::string_view text) {
    if (const auto mask = Ip::parse(text);
        mask && mask->family() == Family::ipv4 && ip.family() == Family::ipv4) {
        std::uint32_t bits = 0;
        for (int i = 0; i < 4; ++i)
            bits = bits << 8 | mask->bytes()[static_cast<std::size_t>(i)];
        const auto ones = static_cast<unsigned>(std::countl_one(bits));
        if (ones == 0 || ones != static_cast<unsigned>(std::popcount(bits)))
            return std::nullopt;
        return ones;
    }
    const auto length = text::to_uint(text);
    if (!length || *length == 0 || *length > ip.width() || text.front() == '0')
        return std::nullopt;
    return static_cast<unsigned>(*length);
}

} // namespace

std::optional<Ip> Ip::parse(std::string_view text) {
    if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos)
        return std::nullopt;
    const std::string terminated(text);
    Ip ip;
    if (::inet_pton(AF_INET, terminated.c_str(), ip.m_bytes.data()) == 1)
        return ip;
    ip.m_bytes = {};
    ip.m_family = Family::ipv6;
    if (::inet_pton(AF_INET6, terminated.c_str(), ip.m_bytes.data()) == 1)
        return ip;
    return std::nullopt;
}

std::string Ip::text() const {
    char buffer[INET6_ADDRSTRLEN] = {};
    ::inet_ntop(m_family == Family::ipv4 ? AF_INET : AF_INET6, m_bytes.data(), buffer, sizeof buffer);
    return buffer;
}

std::string Ip::host_route() const {
    return format("{}/{}", text(), width());
}

bool Ip::in(const Ip& network, unsigned prefix) const {
    if (m_family != network.m_family || prefix > width())
        return false;
    for (unsigned bit = 0; bit < prefix; bit += 8) {
        const unsigned kept = std::min(8U, prefix - bit);
        const unsigned mask = 0xffU << (8 - kept) & 0xffU;
        if (((m_bytes[bit / 8] ^ network.m_bytes[bit / 8]) & mask) != 0)
            return false;
    }
    return true;
}

Ip Ip::network(unsigned prefix) const {
    Ip out = *this;
    for (unsigned bit = 0; bit < width(); ++bit)
        if (bit >= prefix)
            out.m_bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> bit % 8));
    return out;
}

Result<Address> Address::parse(std::string_view text) {
    const auto slash = text.find('/');
    const auto ip = Ip::parse(text.substr(0, slash));
    if (!ip)
        return fail(Errc::bad_value, "{}: not an IP address", text::printable(text));
    if (const Block* block = find_block(k_refused, *ip))
        return fail(Errc::bad_value, "{}: no address for a container ({})", ip->text(), block->what);
    Address address;
    address.m_ip = *ip;
    if (slash != std::string_view::npos) {
        address.m_prefix = parse_prefix(*ip, text.substr(slash + 1));
        if (!address.m_prefix)
            return fail(Errc::bad_value, "{}: not a prefix length or netmask after the \"/\"",
                        text::printable(text));
    }
    return address;
}

std::string Address::text() const {
    return m_prefix ? format("{}/{}", m_ip.text(), *m_prefix) : m_ip.text();
}

std::vector<Ip> ips_of(const std::vector<Address>& addresses) {
    std::vector<Ip> out;
    for (const Address& address : addresses)
        out.push_back(address.ip());
    return out;
}

bool Address::is_private() const {
    return find_block(k_private, m_ip) != nullptr;
}

} // namespace vz::network
