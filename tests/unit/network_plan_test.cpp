// SPDX-License-Identifier: GPL-2.0-or-later
// From the kernel's state to what must change, and the rules; nothing is run.
#include "catch.hpp"

#include "vz/base/text.hpp"
#include "vz/network/plan.hpp"

using namespace vz;
using namespace vz::network;

namespace {

// A host with an uplink 10.9.0.1/24 and 2001:db8:9::1/64, a bridge with a port, and a container's device.
const std::string k_links =
    R"([{},{"ifindex":1,"ifname":"lo","flags":["LOOPBACK","UP"],"mtu":65536,"link_type":"loopback","address":"00:00:00:00:00:00","addr_info":[{"family":"inet","local":"127.0.0.1","prefixlen":8,"scope":"host"}]},)"
    R"({"ifname":"eth0","flags":["BROADCAST","MULTICAST","UP"],"mtu":1400,"link_type":"ether","address":"02:00:00:00:00:01","addr_info":[{"family":"inet","local":"10.9.0.1","prefixlen":24,"broadcast":"10.9.0.255","scope":"global"},{"family":"inet6","local":"2001:db8:9::1","prefixlen":64,"scope":"global"},{"family":"inet6","local":"fe80::5","prefixlen":64,"scope":"link"}]},)"
    R"({"ifname":"br0","flags":["BROADCAST","UP"],"mtu":1500,"link_type":"ether","address":"02:00:00:00:00:02","addr_info":[{"family":"inet","local":"192.168.7.1","prefixlen":24,"scope":"global"}]},)"
    R"({"ifname":"port0","master":"br0","flags":["BROADCAST","UP"],"mtu":1500,"link_type":"ether","address":"02:00:00:00:00:03","addr_info":[]},)"
    R"({"ifname":"down0","flags":["BROADCAST"],"mtu":1500,"link_type":"ether","address":"02:00:00:00:00:04","addr_info":[{"family":"inet","local":"10.9.0.2","prefixlen":24,"scope":"global"}]},)"
    R"({"ifname":"tun0","flags":["POINTOPOINT","NOARP","UP"],"mtu":1420,"link_type":"none","addr_info":[{"family":"inet","local":"10.9.0.3","prefixlen":24,"scope":"global"}]},)"
    R"({"ifname":"od\"d","flags":["BROADCAST","UP"],"mtu":1500,"link_type":"ether","address":"02:00:00:00:00:05","addr_info":[{"family":"inet","local":"10.9.0.4","prefixlen":24,"scope":"global"}]},)";
const std::string k_fresh_link =
    R"({"ifname":"venet101","flags":["BROADCAST"],"mtu":1500,"link_type":"ether","address":"de:86:6c:54:1e:36","addr_info":[]}])"
    "\n";
const std::string k_defaults =
    R"([{"dst":"default","gateway":"2001:db8:9::fe","dev":"br0","metric":1024,"flags":[]},{"dst":"default","gateway":"10.9.0.254","dev":"eth0","flags":[]}])"
    "\n";

HostState host(const std::string& more = "[]\n[]\n[]\n") {
    auto state = parse_host(k_links + k_fresh_link + k_defaults + more, "venet101");
    REQUIRE(state);
    return *std::move(state);
}

Ip ip(const char* text) {
    return *Ip::parse(text);
}

Wanted wanted(std::vector<Ip> addresses) {
    return {101, std::move(addresses), "02:aa:00:00:00:01", 1400};
}

GuestState guest(const std::string& output) {
    auto state = parse_guest(output);
    REQUIRE(state);
    return *std::move(state);
}

const std::string k_guest_lo = R"([{"ifname":"lo","flags":["LOOPBACK","UP"],"addr_info":[]}])"
                               "\n";
std::string guest_link(const std::string& infos) {
    return R"([{"ifname":"venet0","flags":["BROADCAST","UP"],"mtu":1400,"link_type":"ether","address":"02:aa:00:00:00:01","addr_info":[)" +
           infos + "]}]\n";
}

} // namespace

TEST_CASE("the host's state is read from ip's documents, in any order", "[network]") {
    const auto state = host(
        R"([{"dst":"10.0.0.7","scope":"link","flags":[]},{"dst":"10.77.0.0/16","via":"x"},)"
        R"({"dst":"10.0.0.8","gateway":"10.0.0.7","flags":[]},{"type":"local","dst":"fe80::1","table":"local"},)"
        R"({"dst":"2001:db8::7","metric":1024,"prefsrc":"2001:db8:9::1","flags":[]}])"
        "\n"
        R"([{"dst":"10.0.0.7","lladdr":"02:aa:00:00:00:01","state":["PERMANENT"]},{"dst":"10.0.0.9","lladdr":"02:aa:00:00:00:02","state":["STALE"]}])"
        "\n\n"
        R"([{"dst":"10.0.0.2","dev":"venet102","scope":"link"}])"
        "\n"
        R"([{"dst":"10.9.0.50","dev":"eth0","proxy":null}])"
        "\n");
    CHECK(state.devices.size() == 8);
    CHECK(state.default_device == "eth0");
    CHECK(uplink_mtu(state) == 1400);
    REQUIRE(state.routes.size() == 3);
    CHECK(state.routes[0].device == "venet101");
    CHECK(state.routes[1].source == ip("2001:db8:9::1"));
    REQUIRE(state.neighbours.size() == 1);
    CHECK(state.proxies.count({"eth0", ip("10.9.0.50")}) == 1);
    CHECK(other_container(state.routes, ip("10.0.0.2"), 101) == "container 102");
    CHECK_FALSE(other_container(state.routes, ip("10.0.0.2"), 102));
    CHECK_FALSE(other_container(state.routes, ip("10.0.0.7"), 101));
    CHECK_FALSE(parse_host("{\n", std::nullopt));
    CHECK_FALSE(parse_host("{}\n", std::nullopt));
}

TEST_CASE("neighbours are answered on the uplinks that the policy selects", "[network]") {
    const auto state = host();
    const auto names = [&](const char* address, const char* policy) {
        std::vector<std::string> out;
        for (const Device* device : neighbour_devices(state, ip(address), *NeighbourDevices::parse(policy)))
            out.push_back(device->name);
        return text::join(out, " ");
    };
    CHECK(names("10.9.0.50", "detect") == "eth0"); // not what is down, without ARP, a port, or oddly named
    CHECK(names("192.168.7.9", "") == "br0");
    CHECK(names("203.0.113.5", "detect").empty());
    CHECK(names("2001:db8:9::50", "detect") == "eth0");
    CHECK(names("2001:db8:8::50", "detect").empty());
    CHECK(names("203.0.113.5", "all") == "eth0 br0");
    CHECK(names("203.0.113.5", "list: br0 port0 nosuch") == "br0");
    CHECK(names("10.9.0.50", "none").empty());
    for (const char* bad :
         {"some", "list:a\"b", "list:-x", "list:abcdefghijklmnop", "list:a\nb;c", "detect eth0"})
        CHECK_FALSE(NeighbourDevices::parse(bad));
}

TEST_CASE("a new container gets link, neighbours, routes and proxies", "[network]") {
    const auto plan = plan_host(host(), wanted({ip("10.9.0.50"), ip("2001:db8:9::50")}), {}, {});
    CHECK(plan.batch == "link set dev venet101 address fe:ff:ff:ff:ff:ff mtu 1400 up\n"
                        "address add fe80::1/64 dev venet101 nodad\n"
                        "neigh replace 10.9.0.50 lladdr 02:aa:00:00:00:01 dev venet101 nud permanent\n"
                        "route add 10.9.0.50/32 dev venet101\n"
                        "neigh replace 2001:db8:9::50 lladdr 02:aa:00:00:00:01 dev venet101 nud permanent\n"
                        "route add 2001:db8:9::50/128 dev venet101\n"
                        "neigh add proxy 10.9.0.50 dev eth0\n"
                        "neigh add proxy 2001:db8:9::50 dev eth0\n");
    CHECK(plan.record.text() == "proxy eth0 10.9.0.50\nproxy eth0 2001:db8:9::50\n");
    CHECK(plan.ndp_devices == std::set<std::string>{"eth0"});
}

TEST_CASE("what is there already is left alone, what is too much goes", "[network]") {
    const std::string link =
        R"({"ifname":"venet101","flags":["BROADCAST","UP"],"mtu":1400,"link_type":"ether","address":"fe:ff:ff:ff:ff:ff","addr_info":[{"family":"inet6","local":"fe80::1","prefixlen":64,"scope":"link"}]}])"
        "\n";
    const std::string rest =
        R"([{"dst":"10.9.0.50","scope":"link","flags":[]},{"dst":"10.9.0.51","scope":"link","flags":[]}])"
        "\n"
        R"([{"dst":"10.9.0.50","lladdr":"02:aa:00:00:00:01","state":["PERMANENT"]},{"dst":"10.9.0.51","lladdr":"02:aa:00:00:00:01","state":["PERMANENT"]}])"
        "\n"
        R"([{"dst":"10.9.0.50","dev":"eth0","proxy":null},{"dst":"10.9.0.51","dev":"eth0","proxy":null},{"dst":"10.9.0.99","dev":"eth0","proxy":null}])"
        "\n";
    const auto state = parse_host(k_links + link + k_defaults + rest, "venet101");
    REQUIRE(state);
    const auto before = Record::parse("proxy eth0 10.9.0.50\nproxy eth0 10.9.0.51\nproxy eth9 10.9.0.52\n");

    CHECK(plan_host(*state, wanted({ip("10.9.0.50"), ip("10.9.0.51")}), {}, before).batch.empty());

    const auto less = plan_host(*state, wanted({ip("10.9.0.50")}), {}, before);
    CHECK(less.batch == "route del 10.9.0.51/32 dev venet101\n"
                        "neigh del 10.9.0.51 dev venet101\n"
                        "neigh del proxy 10.9.0.51 dev eth0\n");
    CHECK(less.record.text() == "proxy eth0 10.9.0.50\n");
    CHECK(less.touched.proxies.size() == 3);

    const auto none = plan_removal(*state, 101, before);
    CHECK(none.batch == "route del 10.9.0.50/32 dev venet101\n"
                        "route del 10.9.0.51/32 dev venet101\n"
                        "neigh del 10.9.0.50 dev venet101\n"
                        "neigh del 10.9.0.51 dev venet101\n"
                        "neigh del proxy 10.9.0.50 dev eth0\n"
                        "neigh del proxy 10.9.0.51 dev eth0\n"); // 10.9.0.99 is somebody else's, eth9 is gone
}

TEST_CASE("a proxy entry of the administrator is not taken over", "[network]") {
    const auto state = host("[]\n[]\n"
                            R"([{"dst":"10.9.0.50","dev":"eth0","proxy":null}])"
                            "\n");
    const auto plan = plan_host(state, wanted({ip("10.9.0.50")}), {}, {});
    CHECK(plan.batch.find("proxy") == std::string::npos);
    CHECK(plan.record.proxies.empty());
}

TEST_CASE("VE_ROUTE_SRC_DEV gives routes a source, and changes those without", "[network]") {
    Policy policy;
    policy.route_src_device = "eth0";
    const auto has = [](const HostPlan& plan, const char* line) {
        return plan.batch.find(line) != std::string::npos;
    };
    const auto plan = plan_host(host(), wanted({ip("10.0.0.7"), ip("2001:db8::7")}), policy, {});
    CHECK(has(plan, "route add 10.0.0.7/32 dev venet101 src 10.9.0.1\n"));
    CHECK(has(plan, "route add 2001:db8::7/128 dev venet101 src 2001:db8:9::1\n"));
    const auto old = host(R"([{"dst":"10.0.0.7","scope":"link","flags":[]}])"
                          "\n");
    CHECK(has(plan_host(old, wanted({ip("10.0.0.7")}), policy, {}),
              "route replace 10.0.0.7/32 dev venet101 src 10.9.0.1\n"));
    policy.route_src_device = "nosuch";
    CHECK(
        has(plan_host(host(), wanted({ip("10.0.0.7")}), policy, {}), "route add 10.0.0.7/32 dev venet101\n"));
}

TEST_CASE("the record keeps only what can be written into a batch", "[network]") {
    const auto record =
        Record::parse("proxy eth0 10.0.0.1\nproxy eth0\nproxy a\"b 10.0.0.1\nproxy -x 10.0.0.1\n"
                      "proxy eth0 10.0.0.1;x\nroute eth0 10.0.0.1\n\nproxy eth1 2001:db8::1");
    CHECK(record.text() == "proxy eth0 10.0.0.1\nproxy eth1 2001:db8::1\n");
}

TEST_CASE("the inside of a fresh container is set up", "[network]") {
    const auto fresh = guest(
        R"([{"ifname":"lo","flags":["LOOPBACK"],"addr_info":[]}])"
        "\n"
        R"([{"ifname":"venet0","flags":["BROADCAST"],"mtu":1500,"link_type":"ether","address":"02:aa:00:00:00:01","addr_info":[]}])"
        "\n");
    const std::string v4 = "link set dev lo up\n"
                           "link set dev venet0 mtu 1400 up\n"
                           "address add 10.0.0.7/32 dev venet0\n"
                           "neigh replace 169.254.1.1 lladdr fe:ff:ff:ff:ff:ff dev venet0 nud permanent\n"
                           "route replace default via 169.254.1.1 dev venet0 onlink src 10.0.0.7\n";
    CHECK(plan_guest(fresh, wanted({ip("10.0.0.7")})) == v4);
    CHECK(plan_guest(fresh, wanted({ip("2001:db8::7")})) ==
          "link set dev lo up\n"
          "link set dev venet0 mtu 1400 up\n"
          "address add 2001:db8::7/128 dev venet0 nodad\n"
          "neigh replace fe80::1 lladdr fe:ff:ff:ff:ff:ff dev venet0 nud permanent\n"
          "route replace default via fe80::1 dev venet0 onlink\n");
    auto without = fresh;
    without.ipv6_off = true;
    CHECK(plan_guest(without, wanted({ip("10.0.0.7"), ip("2001:db8::7")})) == v4);
}

TEST_CASE("a running container keeps what is right and loses the rest", "[network]") {
    const std::string routes =
        R"([{"dst":"default","gateway":"169.254.1.1","prefsrc":"10.0.0.7","flags":["onlink"]},{"dst":"default","gateway":"fe80::1","metric":1024,"flags":["onlink"]}])"
        "\n"
        R"([{"dst":"169.254.1.1","lladdr":"fe:ff:ff:ff:ff:ff","state":["PERMANENT"]},{"dst":"fe80::1","lladdr":"fe:ff:ff:ff:ff:ff","state":["PERMANENT"]}])"
        "\n";
    const auto state = guest(
        k_guest_lo +
        guest_link(
            R"({"local":"10.0.0.7","prefixlen":32,"scope":"global"},{"local":"10.0.0.8","prefixlen":24,"scope":"global"},)"
            R"({"local":"2001:db8::7","prefixlen":128,"scope":"global"},{"local":"fe80::9","prefixlen":64,"scope":"link"})") +
        routes);
    CHECK(plan_guest(state, wanted({ip("10.0.0.7"), ip("2001:db8::7")})) ==
          "address del 10.0.0.8/24 dev venet0\n");
    CHECK(plan_guest(state, wanted({ip("10.0.0.8"), ip("2001:db8::7")})) ==
          "address del 10.0.0.7/32 dev venet0\n"
          "address del 10.0.0.8/24 dev venet0\n"
          "address add 10.0.0.8/32 dev venet0\n"
          "route replace default via 169.254.1.1 dev venet0 onlink src 10.0.0.8\n");
    CHECK(plan_guest(state, wanted({})) == "route del default via 169.254.1.1 dev venet0\n"
                                           "route del default via fe80::1 dev venet0\n"
                                           "address del 10.0.0.7/32 dev venet0\n"
                                           "address del 10.0.0.8/24 dev venet0\n"
                                           "address del 2001:db8::7/128 dev venet0\n");
}

TEST_CASE("a container's device must have an Ethernet address that is one", "[network]") {
    const auto with = [](const std::string& mac) {
        return R"([{"ifname":"venet0","flags":["UP"],"mtu":1400,"link_type":"ether","address":")" + mac +
               R"(","addr_info":[]}])"
               "\n";
    };
    CHECK(parse_guest(with("02:aa:00:00:00:01")));
    for (const char* bad :
         {"", "02:aa:00:00:00", "02:aa:00:00:00:01:02", "02:aa:00:00:00:0g", "02:aa:00:00:00:1 dev x"})
        CHECK(parse_guest(with(bad)).error().code == Errc::net_device);
    CHECK(parse_guest("").error().code == Errc::net_device);
}

TEST_CASE("private addresses are masqueraded where they are not at home", "[network]") {
    const auto address = [](const char* text) { return *Address::parse(text); };
    const auto rules = plan_rules(
        host(), {address("10.9.0.50"), address("10.1.2.3/24"), address("198.51.100.7"), address("fd00::7")},
        101, Policy::Masquerade::automatic);
    CHECK(rules.addresses.size() == 4);
    REQUIRE(rules.masquerade.size() == 3);
    CHECK(rules.masquerade[0].direct_devices == std::vector<std::string>{"eth0"});
    CHECK(rules.masquerade[1].address == ip("10.1.2.3"));
    CHECK(rules.masquerade[1].direct_devices.empty());
    CHECK(plan_rules(host(), {address("10.1.2.3")}, 101, Policy::Masquerade::none).masquerade.empty());
}

TEST_CASE("a container's rules are one transaction on our own table", "[network]") {
    const auto text =
        nft_set_guest({101,
                       {ip("10.9.0.50"), ip("10.1.2.3"), ip("2001:db8:9::50")},
                       {{ip("10.9.0.50"), {"eth0", "br0"}}, {ip("10.1.2.3"), {}}, {ip("fd00::7"), {}}}});
    const auto at = text.find("add chain inet vz guest101\n");
    REQUIRE(at != std::string::npos);
    CHECK(text.substr(at) ==
          "add chain inet vz guest101\n"
          "flush chain inet vz guest101\n"
          "add rule inet vz guest101 ip saddr { 10.9.0.50, 10.1.2.3 } accept\n"
          "add rule inet vz guest101 ip6 saddr { 2001:db8:9::50 } accept\n"
          "add rule inet vz guest101 counter drop\n"
          "add chain inet vz masquerade101\n"
          "flush chain inet vz masquerade101\n"
          "add rule inet vz masquerade101 ip saddr 10.9.0.50 oifname != { \"eth0\", \"br0\" } masquerade\n"
          "add rule inet vz masquerade101 ip saddr 10.1.2.3 masquerade\n"
          "add rule inet vz masquerade101 ip6 saddr fd00::7 masquerade\n"
          "add element inet vz guests { \"venet101\" : jump guest101 }\n"
          "add element inet vz masquerades { \"venet101\" : jump masquerade101 }\n");
    for (const auto& line : text::split(text::trim(text), '\n')) {
        INFO(line);
        CHECK(line.find(" inet vz") != std::string::npos);
    }
}

TEST_CASE("a container without addresses may send nothing", "[network]") {
    const auto text = nft_set_guest({7, {}, {}});
    CHECK(text.find("saddr") == std::string::npos);
    CHECK(text.find("add rule inet vz guest7 counter drop\n") != std::string::npos);
}

TEST_CASE("device names fit for every container id", "[network]") {
    CHECK(device_name(101) == "venet101");
    CHECK(device_name(2147483647).size() <= 15);
}
