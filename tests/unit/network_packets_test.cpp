// SPDX-License-Identifier: GPL-2.0-or-later
// ARP and neighbour discovery packets, ours and foreign ones.
#include "catch.hpp"

#include "vz/network/packets.hpp"

using namespace vz::network;

namespace {

constexpr Mac k_own{2, 0, 0, 0, 0, 1};
constexpr Mac k_other{2, 0, 0, 0, 0, 2};

Ip ip(const char* text) {
    return *Ip::parse(text);
}

std::string hex(std::string_view bytes) {
    std::string out;
    for (const char byte : bytes)
        out += vz::format("{:02x}", static_cast<unsigned char>(byte));
    return out;
}

} // namespace

TEST_CASE("an ARP probe claims nothing, an announcement does", "[network]") {
    CHECK(hex(probe_packet(ip("10.9.0.50"), k_own).bytes) ==
          "0001080006040001020000000001000000000000000000000a090032");
    CHECK(hex(announcement_packet(ip("10.9.0.50"), k_own).bytes) ==
          "00010800060400010200000000010a0900320000000000000a090032");
    CHECK(mac_text(probe_packet(ip("10.9.0.50"), k_own).to) == "ff:ff:ff:ff:ff:ff");
}

TEST_CASE("neighbour discovery goes to the group of the address, or to all", "[network]") {
    const auto probe = probe_packet(ip("2001:db8::12:3456"), k_own);
    CHECK(mac_text(probe.to) == "33:33:ff:12:34:56");
    CHECK(probe.bytes.size() == 64);
    const auto announcement = announcement_packet(ip("2001:db8::12:3456"), k_own);
    CHECK(mac_text(announcement.to) == "33:33:00:00:00:01");
    CHECK(announcement.bytes.size() == 72);
    CHECK(hex(announcement.bytes.substr(40, 8)) == "8800105ca0000000"); // the checksum was computed elsewhere
}

TEST_CASE("who has the address, or wants it too, is noticed", "[network]") {
    const Ip v4 = ip("10.9.0.50");
    const Ip v6 = ip("2001:db8::50");
    CHECK(claimant(announcement_packet(v4, k_other).bytes, v4, k_own) == k_other);
    CHECK(claimant(probe_packet(v4, k_other).bytes, v4, k_own) == k_other);
    CHECK(claimant(announcement_packet(v6, k_other).bytes, v6, k_other) == k_other);
    CHECK(claimant(probe_packet(v6, k_other).bytes, v6, k_other) == k_other);
}

TEST_CASE("other packets claim nothing", "[network]") {
    const Ip v4 = ip("10.9.0.50");
    const Ip v6 = ip("2001:db8::50");
    CHECK_FALSE(claimant(announcement_packet(ip("10.9.0.51"), k_other).bytes, v4, k_other));
    CHECK_FALSE(claimant(probe_packet(ip("10.9.0.51"), k_other).bytes, v4, k_other));
    CHECK_FALSE(claimant(announcement_packet(ip("2001:db8::51"), k_other).bytes, v6, k_other));
    auto asks = announcement_packet(ip("10.9.0.1"), k_other).bytes; // 10.9.0.1 asks for 10.9.0.50
    asks.replace(24, 4, announcement_packet(v4, k_other).bytes.substr(24, 4));
    CHECK_FALSE(claimant(asks, v4, k_other));
    auto resolves = probe_packet(v6, k_other).bytes; // an ordinary solicitation, with a source
    resolves[8] = 0x20;
    CHECK_FALSE(claimant(resolves, v6, k_other));
}

TEST_CASE("cut and garbled packets are harmless", "[network]") {
    for (const Ip& address : {ip("10.9.0.50"), ip("2001:db8::50")}) {
        const auto whole = announcement_packet(address, k_other).bytes;
        const std::size_t needed = address.family() == Family::ipv4 ? 28 : 64;
        for (std::size_t size = 0; size < needed; ++size)
            CHECK_FALSE(claimant(std::string_view(whole).substr(0, size), address, k_other));
        CHECK_FALSE(claimant(std::string(256, '\xff'), address, k_other));
    }
    auto infiniband = announcement_packet(ip("10.9.0.50"), k_other).bytes;
    infiniband[1] = 32;
    CHECK_FALSE(claimant(infiniband, ip("10.9.0.50"), k_other));
}
