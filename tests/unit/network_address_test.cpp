// SPDX-License-Identifier: GPL-2.0-or-later
// Which texts are addresses for a container.
#include "catch.hpp"

#include "vz/network/address.hpp"

using namespace vz;
using namespace vz::network;

TEST_CASE("addresses are read in the classic forms and written canonically", "[network]") {
    const std::pair<const char*, const char*> cases[] = {
        {"10.0.0.1", "10.0.0.1"},
        {"10.0.0.1/24", "10.0.0.1/24"},
        {"10.0.0.1/255.255.255.0", "10.0.0.1/24"},
        {"10.0.0.1/255.255.255.255", "10.0.0.1/32"},
        {"240.0.0.1", "240.0.0.1"},
        {"2001:DB8:0:0:0:0:0:5", "2001:db8::5"},
        {"2001:0db8::0005/64", "2001:db8::5/64"},
        {"2001:db8::1:0:0:0:1/128", "2001:db8:0:1::1/128"},
        {"64:ff9b::10.0.0.1", "64:ff9b::a00:1"},
        {"fd00::1", "fd00::1"},
    };
    for (const auto& [given, expected] : cases) {
        const auto address = Address::parse(given);
        INFO(given);
        REQUIRE(address);
        CHECK(address->text() == expected);
        CHECK(Address::parse(address->text())->text() == expected);
    }
}

TEST_CASE("what is no address is refused with its kind", "[network]") {
    using namespace std::string_literals;
    const std::string cases[] = {
        "",
        " ",
        "10.0.0.1 ",
        " 10.0.0.1",
        "10.0.0",
        "10.0.0.1.2",
        "10.0.0.256",
        "010.0.0.1",
        "10.0.0.01",
        "10.0.0.0x1",
        "167772161",
        "10.0.0.1/",
        "10.0.0.1/0",
        "10.0.0.1/33",
        "10.0.0.1/-1",
        "10.0.0.1/+1",
        "10.0.0.1/08",
        "10.0.0.1/24/24",
        "10.0.0.1/255.0.255.0",
        "10.0.0.1/0.0.0.0",
        "10.0.0.1/255.255.255.1",
        "10.0.0.1/2001:db8::",
        "10.0.0.1%eth0",
        "10.0.0.1\n",
        "10.0.0.1\0"s,
        "10.0.0.1\0/24"s,
        "10.0.0.1;id",
        "host.example",
        "-1",
        "1::2::3",
        "2001:db8::5%eth0",
        "2001:db8::5/129",
        "2001:db8::5/255.255.255.0",
        "[2001:db8::5]",
        "2001:db8::g",
        "12345::1",
        "2001:db8:1:2:3:4:5:6:7",
        std::string(1000, '1'),
    };
    for (const auto& given : cases) {
        const auto address = Address::parse(given);
        INFO(given);
        REQUIRE_FALSE(address);
        CHECK(address.error().code == Errc::bad_value);
        CHECK(address.error().what.find('\n') == std::string::npos);
    }
}

TEST_CASE("addresses that no container can own are refused", "[network]") {
    for (const char* given : {"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.254", "224.0.0.1",
                              "239.255.255.255", "255.255.255.255", "169.254.1.1", "::", "::1", "::10.0.0.1",
                              "::ffff:10.0.0.1", "fe80::1", "febf::1", "ff02::1", "fe80::1/64"}) {
        INFO(given);
        REQUIRE_FALSE(Address::parse(given));
    }
    for (const char* given :
         {"1.0.0.1", "126.0.0.1", "128.0.0.1", "223.255.255.254", "169.254.1.2", "fec0::1", "::1:0:0:1"}) {
        INFO(given);
        CHECK(Address::parse(given));
    }
}

TEST_CASE("private ranges end where the standards say", "[network]") {
    for (const char* given : {"10.0.0.0", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1",
                              "100.64.0.1", "100.127.255.255", "169.254.9.9", "fc00::1", "fdff::1"})
        CHECK(Address::parse(given)->is_private());
    for (const char* given : {"9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.1.1",
                              "192.169.0.1", "100.63.255.255", "100.128.0.0", "2001:db8::1", "fe00::1"})
        CHECK_FALSE(Address::parse(given)->is_private());
}

TEST_CASE("addresses are the same whatever prefix was written", "[network]") {
    CHECK(*Address::parse("10.0.0.1/24") == *Address::parse("10.0.0.1"));
    CHECK(*Address::parse("2001:db8:0::1") == *Address::parse("2001:db8::1/64"));
    CHECK_FALSE(*Address::parse("10.0.0.1") == *Address::parse("10.0.0.2"));
    CHECK(*Address::parse("10.0.0.9") < *Address::parse("10.0.0.10"));
    CHECK(*Address::parse("250.0.0.9") < *Address::parse("2001:db8::1"));
}

TEST_CASE("an address lies in a network by its first bits", "[network]") {
    const auto in = [](const char* ip, const char* network, unsigned prefix) {
        return Ip::parse(ip)->in(*Ip::parse(network), prefix);
    };
    CHECK(in("10.9.1.1", "10.9.0.1", 23));
    CHECK_FALSE(in("10.9.2.1", "10.9.0.1", 23));
    CHECK(in("10.9.2.1", "10.9.2.1", 32));
    CHECK_FALSE(in("10.9.2.0", "10.9.2.1", 32));
    CHECK(in("1.2.3.4", "0.0.0.0", 0));
    CHECK(in("2001:db8::ff", "2001:db8::1", 120));
    CHECK_FALSE(in("2001:db8::1ff", "2001:db8::1", 120));
    CHECK_FALSE(in("10.0.0.1", "::", 0));
    CHECK_FALSE(in("10.0.0.1", "10.0.0.1", 33));
}
