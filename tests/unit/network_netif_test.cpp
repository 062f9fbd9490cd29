// SPDX-License-Identifier: GPL-2.0-or-later
#include "catch.hpp"

#include "vz/base/text.hpp"
#include "vz/network/bridged.hpp"

#include <cstdlib>
#include <random>

using namespace vz;
using namespace vz::network;

namespace {

std::string reason(std::string_view text) {
    const auto parsed = parse_netifs(text);
    return parsed ? "" : parsed.error().what;
}

constexpr const char* k_full = "ifname=eth0,bridge=br0,mac=00:18:51:aa:bb:cc,host_ifname=veth101.0,"
                               "host_mac=fe:ff:ff:ff:ff:ff,mac_filter=off,vlan=10,ip=10.0.0.5/24,"
                               "ip=2001:db8::5/64,gw=10.0.0.1,gw=fe80::1,dhcp=yes";

unsigned seed() {
    const char* given = std::getenv("VZ_TEST_SEED");
    return given ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
}

} // namespace

TEST_CASE("NETIF is read and written back", "[network]") {
    const auto parsed = parse_netifs(k_full);
    REQUIRE(parsed);
    REQUIRE(parsed->size() == 1);
    const Netif& netif = parsed->front();
    CHECK(netif.bridge == "br0");
    CHECK_FALSE(netif.mac_filter);
    CHECK(netif.vlan == 10);
    CHECK(netif.addresses.size() == 2);
    CHECK(netif.gateways.size() == 2);
    CHECK(netif.dhcp);
    CHECK(netifs_text(*parsed) == k_full);
}

TEST_CASE("NETIF of other tools is understood and its keys are kept", "[network]") {
    const auto parsed =
        parse_netifs("ifname=eth0,mac=00:18:51:AA:BB:CC,host_ifname=,network=Bridged,configure=none;"
                     " ifname=eth1 ,bridge=,mac_filter=on;");
    REQUIRE(parsed);
    REQUIRE(parsed->size() == 2);
    CHECK(parsed->at(0).mac == "00:18:51:aa:bb:cc");
    CHECK(parsed->at(0).host_ifname.empty());
    CHECK(parsed->at(0).mac_filter); // by default
    CHECK(netifs_text(*parsed).find("network=Bridged,configure=none") != std::string::npos);
    CHECK(parse_netifs("")->empty());
}

TEST_CASE("Bad values of NETIF are refused with their reason", "[network]") {
    for (const char* text :
         {"bridge=br0", "ifname=eth0,mac=00:18:51", "ifname=eth0,mac=01:18:51:00:00:01", "ifname=lo",
          "ifname=venet0", "ifname=eth0,vlan=0", "ifname=eth0,vlan=4095", "ifname=eth0,ip=127.0.0.1",
          "ifname=eth0,gw=x", "ifname=eth0,gw=10.0.0.1,gw=10.0.0.2", "ifname=eth0;ifname=eth0",
          "ifname=sixteen-letters-", "ifname=eth0,mac_filter=perhaps", "ifname=eth0,bridge=br0 up",
          "ifname=a\"b", "eth0", "ifname=..", "ifname=eth0,host_ifname=x;ifname=eth1,host_ifname=x",
          "ifname=eth0,bridge=-x"}) {
        INFO(text);
        CHECK_FALSE(reason(text).empty());
    }
}

TEST_CASE("What --netif_add says", "[network]") {
    const auto full = parse_netif_add("eth0,00:18:51:00:00:01,veth1,fe:ff:ff:ff:ff:ff,br0");
    REQUIRE(full);
    CHECK(full->mac == "00:18:51:00:00:01");
    CHECK(full->bridge == "br0");
    const auto gaps = parse_netif_add("eth0,,,,br0");
    REQUIRE(gaps);
    CHECK(gaps->mac.empty());
    CHECK(gaps->bridge == "br0");
    CHECK_FALSE(parse_netif_add(""));
    CHECK_FALSE(parse_netif_add("eth0,1,2,3,4,5"));
}

TEST_CASE("Generated names fit, and MAC addresses are stable and apart", "[network]") {
    const auto nobody = [](const std::string&) { return false; };
    CHECK(generate_host_ifname(101, nobody) == "veth101.0");
    CHECK(generate_host_ifname(101, [](const std::string& name) { return name == "veth101.0"; }) ==
          "veth101.1");
    for (const std::uint32_t ctid : {101U, 99999999U, 100000000U, 2147483644U})
        for (unsigned n = 0; n < 100; ++n) {
            unsigned left = n;
            const auto name = generate_host_ifname(ctid, [&](const std::string&) { return left-- > 0; });
            CHECK(name.size() <= 15);
            CHECK(parse_device_name(name));
        }
    const auto mac = generate_mac(101, "eth0", nobody);
    CHECK(mac.substr(0, 9) == "00:18:51:");
    CHECK(mac == generate_mac(101, "eth0", nobody));
    CHECK(mac != generate_mac(101, "eth1", nobody));
    CHECK(mac != generate_mac(101, "eth0", [&](const std::string& other) { return other == mac; }));
}

TEST_CASE("Devices that cannot be given away", "[network]") {
    for (const char* name : {"lo", "venet0", "venet101", "tun0", "tap3", "", "a b", "way-too-long-a-name"}) {
        const auto parsed = parse_netdev(name);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == Errc::net_device);
    }
    CHECK(parse_netdev("eth1"));
}

TEST_CASE("The rules of a port hold what was configured and nothing else", "[network]") {
    Attachment attachment;
    attachment.ctid = 101;
    attachment.netifs = *parse_netifs("ifname=eth0,bridge=br0,ip=10.0.0.5/24,ip=2001:db8::5/64");
    complete(attachment.netifs, 101);
    const auto text = nft_attachment(attachment);
    CHECK(text.find("ether saddr != " + attachment.netifs[0].mac + " counter drop") != std::string::npos);
    CHECK(text.find("ip saddr != { 10.0.0.5, 0.0.0.0 } counter drop") != std::string::npos);
    CHECK(text.find("@th,64,128 != { 0x20010db8000000000000000000000005 }") != std::string::npos);
    CHECK(text.find("\"veth101.0\" : jump port_veth101.0") != std::string::npos);
    attachment.netifs[0].mac_filter = false;
    CHECK(nft_attachment(attachment).find("ether saddr") == std::string::npos);
}

TEST_CASE("Any NETIF is refused or survives writing and reading", "[network][random]") {
    const auto number = seed();
    INFO("VZ_TEST_SEED=" << number);
    std::mt19937 random(number);
    const std::vector<std::string> parts = {
        "ifname=", "eth0", ",",        ";",   "mac=",    "00:18:51:aa:bb:cc",
        "=",       "ip=",  "10.0.0.5", "/24", "bridge=", "br0",
        "vlan=",   "10",   "\"",       "{",   " ",       "x",
        "gw=",     "$(id)"};
    int read = 0;
    for (int i = 0; i < 20000; ++i) {
        std::string text = i % 2 ? "" : "ifname=eth0,";
        for (auto n = random() % 12; n > 0; --n)
            text += parts[random() % parts.size()];
        auto parsed = parse_netifs(text);
        if (!parsed)
            continue;
        INFO(text);
        ++read;
        complete(*parsed, 101);
        const auto again = parse_netifs(netifs_text(*parsed));
        REQUIRE(again);
        CHECK(*again == *parsed);
        Attachment attachment;
        attachment.ctid = 101;
        attachment.netifs = *parsed;
        CHECK(nft_attachment(attachment).find_first_of("$(") == std::string::npos);
    }
    CHECK(read > 100);
}
