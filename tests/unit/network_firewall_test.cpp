// SPDX-License-Identifier: GPL-2.0-or-later
#include "catch.hpp"

#include "vz/base/text.hpp"
#include "vz/network/firewall.hpp"

#include <cstdlib>
#include <random>

using namespace vz;
using namespace vz::network;

namespace {

std::string again(std::string_view text) {
    const auto rules = parse_rules(text);
    return rules ? rules_text(*rules) : "error: " + rules.error().what;
}

FirewallList list_of(std::string_view rules, std::string_view policy = "") {
    return {*parse_rules(rules), *parse_policy(policy)};
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("Rules are read and written in their shortest form", "[network]") {
    CHECK(again("tcp:80,443 tcp:22@192.0.2.0/24  icmp any") == "tcp:80,443 tcp:22@192.0.2.0/24 icmp any");
    CHECK(again("!tcp:25 udp:6000-6010@2001:db8::/32") == "!tcp:25 udp:6000-6010@2001:db8::/32");
    CHECK(again("any@192.0.2.77/24 any@192.0.2.1/32 any@::/0") == "any@192.0.2.0/24 any@192.0.2.1 any@::/0");
    CHECK(again("tcp:443,80,80-90,85-100") == "tcp:80-100,443");
    CHECK(again("tcp sctp:5") == "tcp sctp:5");
    CHECK(again("").empty());
}

TEST_CASE("What is no rule is refused", "[network]") {
    for (const char* text :
         {"tpc:80", "tcp:", "tcp:0", "tcp:65536", "tcp:90-80", "tcp:80,", "icmp:8", "any:80", "tcp:80@",
          "tcp:80@10.0.0.0/33", "tcp@example.org", "!", "@10.0.0.1", "tcp:80;drop", "tcp:80}", "TCP:80",
          "tcp:http", "tcp:80@10.0.0.1@10.0.0.2", "tcp:-80"}) {
        INFO(text);
        CHECK_FALSE(parse_rules(text));
    }
    CHECK_FALSE(parse_policy("reject"));
    CHECK(parse_policy(" drop "));
}

TEST_CASE("Without a policy the kind of rules decides", "[network]") {
    CHECK(list_of("").effective_policy() == Verdict::accept);
    CHECK(list_of("tcp:80").effective_policy() == Verdict::drop);
    CHECK(list_of("!tcp:25").effective_policy() == Verdict::accept);
    CHECK(list_of("!tcp:25 tcp").effective_policy() == Verdict::drop);
    CHECK(list_of("tcp:80", "accept").effective_policy() == Verdict::accept);
    CHECK(list_of("tcp:80", "accept").is_open());
    CHECK(list_of("", "drop").effective_policy() == Verdict::drop);
    CHECK_FALSE(list_of("!tcp:25").is_open());
    CHECK(Firewall{}.is_open());
}

TEST_CASE("Rules for a routed container", "[network]") {
    const Firewall firewall{list_of("tcp:80,443 !icmp@192.0.2.0/24 icmp"), list_of("!tcp:25")};
    const auto text = nft_firewall(101, firewall, {}, {});
    CHECK(has(text, "add rule inet vz in101 ct state established,related accept\n"));
    CHECK(has(text, "add rule inet vz in101 tcp dport { 80,443 } accept\n"));
    CHECK(
        has(text,
            "add rule inet vz in101 ip saddr 192.0.2.0/24 meta l4proto { icmp, ipv6-icmp } counter drop\n"));
    CHECK(has(text, "add rule inet vz in101 counter drop\n"));
    CHECK(has(text, "add rule inet vz out101 tcp dport { 25 } counter drop\n"));
    CHECK(has(text, "add rule inet vz out101 counter accept\n"));
    CHECK(has(text, "add element inet vz firewall_in { \"venet101\" : jump in101 }\n"));
    CHECK_FALSE(has(text, "bridge"));
    CHECK_FALSE(has(text, "delete"));
}

TEST_CASE("An open firewall leaves nothing behind", "[network]") {
    const auto text = nft_firewall(101, {}, {}, {"veth101.0"});
    CHECK(has(text, "delete chain inet vz in101\n"));
    CHECK(has(text, "delete element inet vz firewall_out { \"venet101\" : jump out101 }\n"));
    CHECK(has(text, "delete element bridge vz firewall_in { \"veth101.0\" : jump in101 }\n"));
    CHECK(has(text, "delete set bridge vz flows4_101\n"));
}

TEST_CASE("Rules for a port of a bridge know connections without the kernel's table", "[network]") {
    const Firewall firewall{list_of("tcp:80 udp:53@192.0.2.0/24"), list_of("")};
    const auto text = nft_firewall(101, firewall, {"veth101.0"}, {});
    CHECK(has(text, "add rule bridge vz in101 tcp dport { 80 } accept\n"));
    CHECK_FALSE(has(text, "add rule bridge vz in101 ct "));
    CHECK(has(text, "add rule bridge vz in101 ip saddr 192.0.2.0/24 udp dport { 53 } update @flows4_101"));
    CHECK_FALSE(has(text, "udp dport { 53 } update @flows6_101"));
    CHECK(has(text, "add element bridge vz firewall_out { \"veth101.0\" : jump out101 }\n"));
}

TEST_CASE("Any rule is refused or survives writing and reading", "[network][random]") {
    const char* given = std::getenv("VZ_TEST_SEED");
    const unsigned seed =
        given ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
    INFO("VZ_TEST_SEED=" << seed);
    std::mt19937 random(seed);
    const std::vector<std::string> parts = {"tcp",      "udp", "icmp", "any", ":", "80", "-", ",", "@",
                                            "10.0.0.0", "/8",  "!",    "::1", " ", "{",  ";", "$", "65535"};
    int read = 0;
    for (int i = 0; i < 20000; ++i) {
        std::string text = i % 2 ? "" : "tcp:";
        for (auto n = random() % 8; n > 0; --n)
            text += parts[random() % parts.size()];
        const auto rules = parse_rules(text);
        if (!rules)
            continue;
        INFO(text);
        ++read;
        const auto back = parse_rules(rules_text(*rules));
        REQUIRE(back);
        CHECK(*back == *rules);
        CHECK(nft_firewall(101, {{*rules, {}}, {}}, {"veth101.0"}, {}).find('$') == std::string::npos);
    }
    CHECK(read > 100);
}
