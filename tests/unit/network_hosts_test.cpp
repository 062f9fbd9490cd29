// SPDX-License-Identifier: GPL-2.0-or-later
#include "catch.hpp"

#include "vz/network/hosts_text.hpp"

#include <random>

using namespace vz::network;

namespace {

Ip ip(std::string_view text) {
    return *Ip::parse(text);
}

const std::vector<HostNames> k_hosts = {
    {"web.example.org", {ip("10.0.0.101"), ip("2001:db8::101"), ip("10.0.0.102")}},
    {"db", {ip("10.0.0.103")}}};

} // namespace

TEST_CASE("Lines of a hosts file and of dnsmasq", "[network]") {
    CHECK(hosts_text(k_hosts) == "10.0.0.101\tweb.example.org web\n2001:db8::101\tweb.example.org web\n"
                                 "10.0.0.102\tweb.example.org web\n10.0.0.103\tdb\n");
    CHECK(dnsmasq_text(k_hosts) == "host-record=web.example.org,web,10.0.0.101,2001:db8::101\n"
                                   "host-record=web.example.org,web,10.0.0.102\nhost-record=db,10.0.0.103\n");
}

TEST_CASE("Only the lines between the marks change", "[network]") {
    const std::string old = "127.0.0.1 localhost\n# mine\n10.9.9.9 printer";
    const auto once = with_block(old, "10.0.0.1\ta\n");
    CHECK(once.find("127.0.0.1 localhost\n# mine\n10.9.9.9 printer\n# vzhosts: begin") == 0);
    CHECK(with_block(once, "10.0.0.1\ta\n") == once);
    const auto changed = with_block("first\n" + once + "last\n", "10.0.0.2\tb\n");
    CHECK(changed.find("10.0.0.1\ta") == std::string::npos);
    CHECK(changed.find("first\n127") == 0);
    CHECK(changed.substr(changed.size() - 5) == "last\n");
    CHECK(with_block(once, "") == old + "\n");
    CHECK(with_block("", "") == "");
}

TEST_CASE("Marks without a partner cost nobody's lines", "[network]") {
    const auto block = with_block("", "10.0.0.1\ta\n");
    const auto begin = block.substr(0, block.find('\n') + 1);
    const std::string end = "# vzhosts: end\n";
    CHECK(with_block(begin + "mine\n", "") == "mine\n");
    CHECK(with_block("mine\n" + end + "yours\n", "") == "mine\nyours\n");
    CHECK(with_block(begin + "mine\n" + begin + "ours\n" + end + "yours\n", "") == "mine\nyours\n");
}

TEST_CASE("Doing it again changes nothing, whatever was there", "[network][random]") {
    std::mt19937 random(7);
    const auto block = with_block("", "10.0.0.1\ta\n");
    const std::vector<std::string> lines = {block.substr(0, block.find('\n')), "# vzhosts: end", "10.1.1.1 x",
                                            "", "# y"};
    for (int i = 0; i < 2000; ++i) {
        std::string old;
        for (auto n = random() % 9; n > 0; --n)
            old += lines[random() % lines.size()] + (random() % 9 ? "\n" : "");
        const auto once = with_block(old, "10.0.0.1\ta\n");
        INFO(old);
        CHECK(with_block(once, "10.0.0.1\ta\n") == once);
    }
}

TEST_CASE("Zone files", "[network]") {
    const Zone zone{"example.org", "ns.example.org", "hostmaster.example.org", 2026112300};
    const auto text = zone_text(zone, k_hosts);
    CHECK(is_our_zone(text));
    CHECK(zone_serial(text) == 2026112300U);
    CHECK(text.find("web\tIN\tA\t10.0.0.101\nweb\tIN\tAAAA\t2001:db8::101\n") != std::string::npos);
    CHECK(text.find("\ndb\t") == std::string::npos); // has no domain
    const auto reverse =
        zone_text({"0.0.10.in-addr.arpa", "ns.example.org", "hostmaster.example.org", 1}, k_hosts);
    CHECK(reverse.find("101\tIN\tPTR\tweb.example.org.\n102\tIN\tPTR\tweb.example.org.\n") !=
          std::string::npos);
    CHECK(reverse.find("103") == std::string::npos);
    CHECK(reverse_name(ip("2001:db8::101")) ==
          "1.0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
    CHECK(next_serial(std::nullopt, 2026112300) == 2026112300);
    CHECK(next_serial(2026112300, 2026112300) == 2026112301);
    CHECK(next_serial(2026112399, 2026112300) == 2026112400);
}
