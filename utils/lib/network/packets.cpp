// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/network/packets.hpp"

#include <algorithm>

namespace vz::network {

namespace {

constexpr Mac k_broadcast{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
constexpr std::size_t k_arp_size = 28;
constexpr std::size_t k_ip6_header = 40;
constexpr std::size_t k_neighbour_size = 24; // solicitation or advertisement without options
constexpr std::uint8_t k_icmpv6 = 58;
constexpr std::uint8_t k_solicitation = 135;
constexpr std::uint8_t k_advertisement = 136;

std::string of(std::initializer_list<int> bytes) {
    std::string out;
    for (int byte : bytes)
        out += static_cast<char>(byte);
    return out;
}

std::string of(const Mac& mac) {
    return {mac.begin(), mac.end()};
}

std::string of(const Ip& ip) {
    return {ip.bytes().begin(), ip.bytes().begin() + (ip.family() == Family::ipv4 ? 4 : 16)};
}

std::string arp_request(const Mac& own, const std::string& sender, const std::string& target) {
    return of({0, 1, 8, 0, 6, 4, 0, 1}) + of(own) + sender + of(Mac{}) + target;
}

// RFC 1071 over the pseudo header of RFC 8200, 8.1.
std::string icmpv6_checksum(const std::string& source, const std::string& target,
                            const std::string& payload) {
    const auto size = static_cast<int>(payload.size());
    const std::string all = source + target + of({0, 0, size >> 8, size & 0xff, 0, 0, 0, k_icmpv6}) + payload;
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < all.size(); i += 2)
        sum += static_cast<std::uint32_t>(static_cast<std::uint8_t>(all[i]) << 8 |
                                          (i + 1 < all.size() ? static_cast<std::uint8_t>(all[i + 1]) : 0));
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return of({static_cast<int>(~sum >> 8 & 0xff), static_cast<int>(~sum & 0xff)});
}

// `payload` has zeros in the place of its checksum (bytes 2 and 3). Hop limit 255: nothing came through a
// router.
std::string icmpv6(const std::string& source, const std::string& target, std::string payload) {
    payload.replace(2, 2, icmpv6_checksum(source, target, payload));
    const auto size = static_cast<int>(payload.size());
    return of({0x60, 0, 0, 0, size >> 8, size & 0xff, k_icmpv6, 255}) + source + target + payload;
}

Mac multicast_mac(const std::string& group) { // RFC 2464, 7
    Mac mac{0x33, 0x33};
    std::copy(group.end() - 4, group.end(), mac.begin() + 2);
    return mac;
}

Packet solicitation(const Ip& ip) {
    const std::string target = of(ip);
    const std::string group = of({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff}) + target.substr(13);
    return {icmpv6(std::string(16, '\0'), group, of({k_solicitation, 0, 0, 0, 0, 0, 0, 0}) + target),
            multicast_mac(group)};
}

// Router and override flags; an option with our Ethernet address.
Packet advertisement(const Ip& ip, const Mac& own) {
    const std::string all_nodes = of({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    return {icmpv6(of(ip), all_nodes,
                   of({k_advertisement, 0, 0, 0, 0xa0, 0, 0, 0}) + of(ip) + of({2, 1}) + of(own)),
            multicast_mac(all_nodes)};
}

// A sender that has the address, or (RFC 5227, 2.1.1) another one that probes for it at this moment.
std::optional<Mac> arp_claimant(std::string_view packet, const std::string& ip) {
    if (packet.size() < k_arp_size || packet.substr(0, 6) != of({0, 1, 8, 0, 6, 4}))
        return std::nullopt;
    const bool probes = packet.substr(14, 4) == std::string(4, '\0') && packet.substr(24, 4) == ip;
    if (packet.substr(14, 4) != ip && !probes)
        return std::nullopt;
    Mac mac{};
    std::copy_n(packet.begin() + 8, mac.size(), mac.begin());
    return mac;
}

// An advertisement of the address, or another one's solicitation for it from "::" (RFC 4862, 5.4.3).
std::optional<Mac> neighbour_claimant(std::string_view packet, const std::string& ip, const Mac& sender) {
    if (packet.size() < k_ip6_header + k_neighbour_size || packet[6] != k_icmpv6 ||
        packet.substr(k_ip6_header + 8, 16) != ip)
        return std::nullopt;
    const auto type = static_cast<std::uint8_t>(packet[k_ip6_header]);
    const bool probes = type == k_solicitation && packet.substr(8, 16) == std::string(16, '\0');
    return type == k_advertisement || probes ? std::optional(sender) : std::nullopt;
}

} // namespace

std::string mac_text(const Mac& mac) {
    return format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", mac[0], mac[1], mac[2], mac[3], mac[4],
                  mac[5]);
}

Packet probe_packet(const Ip& ip, const Mac& own) {
    if (ip.family() == Family::ipv6)
        return solicitation(ip);
    return {arp_request(own, std::string(4, '\0'), of(ip)), k_broadcast};
}

Packet announcement_packet(const Ip& ip, const Mac& own) {
    if (ip.family() == Family::ipv6)
        return advertisement(ip, own);
    return {arp_request(own, of(ip), of(ip)), k_broadcast};
}

std::optional<Mac> claimant(std::string_view packet, const Ip& ip, const Mac& sender) {
    return ip.family() == Family::ipv4 ? arp_claimant(packet, of(ip))
                                       : neighbour_claimant(packet, of(ip), sender);
}

} // namespace vz::network
