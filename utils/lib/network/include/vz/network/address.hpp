// SPDX-License-Identifier: GPL-2.0-or-later
// IP addresses: any address as the kernel reports it, and the stricter kind that a container may own.
#pragma once

#include "vz/base/result.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vz::network {

enum class Family : std::uint8_t { ipv4, ipv6 };

// A plain address of either family, in network byte order.
class Ip {
public:
    // Only complete forms: dotted quad without leading zeros, or RFC 4291 text without a zone.
    static std::optional<Ip> parse(std::string_view text);

    Family family() const { return m_family; }
    const std::array<std::uint8_t, 16>& bytes() const { return m_bytes; }  // IPv4 uses the first four
    unsigned width() const { return m_family == Family::ipv4 ? 32 : 128; } // in bits
    std::string text() const;                                              // canonical (RFC 5952)
    std::string host_route() const;                                        // text with "/32" or "/128"
    bool in(const Ip& network, unsigned prefix) const; // same family and first `prefix` bits
    Ip network(unsigned prefix) const;                 // the other bits are zero

    auto operator<=>(const Ip&) const = default;

private:
    Family m_family = Family::ipv4;
    std::array<std::uint8_t, 16> m_bytes{};
};

// A unicast address that a container may own, with the prefix length as the administrator wrote it. The
// prefix is kept for the configuration only: a routed container always gets the single address.
class Address {
public:
    // "A", "A/len", and for IPv4 "A/netmask". Errc::bad_value, with the reason, for text that is no address
    // and for what no container can own: unspecified, loopback, multicast, broadcast, IPv6 link-local, IPv4
    // inside IPv6, and the gateway's own address (k_gateway4).
    static Result<Address> parse(std::string_view text);

    const Ip& ip() const { return m_ip; }
    Family family() const { return m_ip.family(); }
    std::optional<unsigned> prefix() const { return m_prefix; }
    std::string text() const; // canonical, with "/len" if a prefix was given

    // Not routed in the Internet: 10/8, 172.16/12, 192.168/16, 100.64/10, 169.254/16, fc00::/7.
    bool is_private() const;

    // By the address alone: "--ipdel 10.0.0.1" names what was added as "10.0.0.1/24".
    bool operator==(const Address& other) const { return m_ip == other.m_ip; }
    std::strong_ordering operator<=>(const Address& other) const { return m_ip <=> other.m_ip; }

private:
    Ip m_ip;
    std::optional<unsigned> m_prefix;
};

std::vector<Ip> ips_of(const std::vector<Address>& addresses);

// What every container's default routes point to; on no device for IPv4, on the host's end for IPv6.
inline constexpr std::string_view k_gateway4 = "169.254.1.1";
inline constexpr std::string_view k_gateway6 = "fe80::1";

} // namespace vz::network
