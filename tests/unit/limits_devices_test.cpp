// SPDX-License-Identifier: GPL-2.0-or-later
// Devices, features and capabilities: what users write, what is kept, what adds up.
#include "catch.hpp"

#include "lib/ops/capabilities.hpp"
#include "lib/ops/ct_devices.hpp"
#include "lib/ops/features.hpp"
#include "lib/ops/setting_values.hpp"
#include "lib/ops/switches.hpp"

#include <algorithm>
#include <random>

using namespace vz;
using namespace vz::ops;

namespace {

bool has(const std::vector<std::string>& names, const char* name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

int code(const Result<std::string>& result) {
    return result ? 0 : exit_code(result.error().code);
}

} // namespace

TEST_CASE("device rules as the classic tools wrote them", "[limits]") {
    const auto rule = limits::parse_device_rule("c:10:200:rwq");
    REQUIRE(rule);
    CHECK(rule->text() == "c:10:200:rw");
    CHECK(rule->control_group() == "c 10:200 rw");
    CHECK(limits::parse_device_rule("b:8:all:r")->control_group() == "b 8:* r");
    CHECK(limits::parse_device_rule("b:8:all:none")->control_group() == "b 8:* rwm");
    for (const char* bad : {"", "c", "c:10", "c:10:200", "x:1:2:r", "c:1:2:rx", "c:1:2:", "c:-1:2:r",
                            "c:1:2:r:", "c:99999:1:r", "c:1:9999999:r", "c::1:r"})
        CHECK(code(device_words(bad)) == 21);
    CHECK(code(device_words("b:7:0:rw")) == 21); // loop
    CHECK(code(device_words("b:7:all:rw")) == 21);
    CHECK(code(device_words("c:7:0:rw")) == 0); // virtual consoles
}

TEST_CASE("devices add up, and none takes one away", "[limits]") {
    CHECK(*merge_devices("", "c:10:200:rw") == "c:10:200:rw");
    CHECK(*merge_devices("c:10:200:rw b:8:1:r", "c:10:200:r") == "b:8:1:r c:10:200:r");
    CHECK(*merge_devices("c:10:200:rw b:8:1:r", "c:10:200:none") == "b:8:1:r");
    CHECK(*merge_devices("c:10:200:rw", "c:10:all:none") == "c:10:200:rw"); // another entry
    CHECK(*merge_devnodes("net/tun:rw", "fuse:rw net/tun:none") == "fuse:rw");
    CHECK(*devnode_words("/dev/net/tun:rw") == "net/tun:rw");
    for (const char* bad :
         {"", "net/tun", "../mem:rw", "net/../mem:rw", ":rw", "a b:rw", "x:y", "net//tun:rw", ".x:r"})
        CHECK(code(devnode_words(bad)) == 21);
}

TEST_CASE("features by name, with what cannot work told apart", "[limits]") {
    CHECK(*feature_words("nfs:on,TUN:off") == "nfs:on tun:off");
    for (const char* bad : {"", "nfs", "nfs:yes", "bogus:on", "nfs:on:on", ":on"})
        CHECK(code(feature_words(bad)) == 21);
    CHECK(*merge_switches("nfs:on tun:on", "tun:off sit:on") == "nfs:on tun:off sit:on");
    const auto on = features_on("nfs:on, tun:on fuse:off bogus:on");
    REQUIRE(on.size() == 2);
    CHECK_FALSE(on[0].instead.empty());
    CHECK(on[1].device == "net/tun");
}

TEST_CASE("capabilities are dropped by name", "[limits]") {
    CHECK(*capability_words("CAP_SYS_TIME:on,net_raw:off") == "sys_time:on net_raw:off");
    CHECK(*capability_words("ve_admin:on") == "ve_admin:on");
    CHECK(code(capability_words("root:on")) == 21);
    CHECK(has(dropped_capabilities(""), "sys_time"));
    CHECK_FALSE(has(dropped_capabilities("sys_time:on"), "sys_time"));
    CHECK(has(dropped_capabilities("net_raw:off"), "net_raw"));
    CHECK_FALSE(has(dropped_capabilities("ve_admin:off evil\nlxc.x:off"), "ve_admin"));
    CHECK(check_capabilities("bpf:on", 40));
    const auto unknown = check_capabilities("bpf:on", 37);
    REQUIRE_FALSE(unknown);
    CHECK(exit_code(unknown.error().code) == 13);
}

TEST_CASE("values of limits", "[limits]") {
    CHECK(*cpu_limit_value("0") == "0");
    CHECK(*cpu_limit_value("50") == "50");
    CHECK(*cpu_limit_value("150%") == "150");
    CHECK(std::stoul(*cpu_limit_value("100%")) % 100 == 0);
    CHECK(*cpu_mask_value("0,3,5-100") == "0,3,5-100");
    CHECK(*cpu_mask_value("all") == "all");
    CHECK(*cpu_mask_value("auto") == "auto");
    CHECK(code(cpu_mask_value("abc")) == 21);
    CHECK(code(cpu_mask_value("1-sdc")) == 21);
    CHECK(code(node_mask_value("auto")) == 21);
    CHECK(*io_limit_value("10") == "10485760");
    CHECK(*io_limit_value("500K") == "512000");
    CHECK(*io_limit_value("2147483647B") == "2147483647");
    CHECK(code(io_limit_value("2G")) == 21);
    CHECK(*io_limit_value("0") == "0");
    CHECK(*meminfo_value("pages:1000") == "pages:1000");
    CHECK(*meminfo_value("none") == "none");
    CHECK(code(meminfo_value("pages")) == 21);
    CHECK(code(meminfo_value("none:1")) == 21);
    CHECK(*overcommit_value("1.5") == "1.5");
    CHECK(code(overcommit_value("1.5x")) == 21);
    CHECK(code(netfilter_value("some")) == 21);
    CHECK(*mount_options_value("noatime,nosuid") == "noatime,nosuid");
    CHECK(code(mount_options_value("noatime,uid=0")) == 21);
}

TEST_CASE("the name of a device whose module is not loaded", "[limits]") {
    const char* const list = "# Device nodes to trigger on-demand module loading.\n"
                             "fuse fuse c10:229\n"
                             "tun net/tun c10:200\n"
                             "bad ../mem c1:1\n"
                             "short c1:2\n";
    CHECK(limits::static_device_name(list, 'c', 10, 200) == "net/tun");
    CHECK_FALSE(limits::static_device_name(list, 'b', 10, 200));
    CHECK_FALSE(limits::static_device_name(list, 'c', 10, 20));
    CHECK_FALSE(limits::static_device_name(list, 'c', 1, 1));
    CHECK_FALSE(limits::static_device_name(list, 'c', 1, 2));
    CHECK_FALSE(limits::static_device_name("", 'c', 10, 200));
}

TEST_CASE("no text harms the readers of devices, and what they keep they read again", "[limits]") {
    const auto seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    const std::string_view alphabet = "cb:017allnone rw/.,\n*";
    for (int round = 0; round < 20000; ++round) {
        std::string text(random() % 16, ' ');
        for (char& c : text)
            c = alphabet[random() % alphabet.size()];
        CAPTURE(text);
        if (const auto kept = device_words(text)) {
            const auto again = device_words(*kept);
            REQUIRE(again);
            REQUIRE(*again == *kept);
        }
        if (const auto kept = devnode_words(text)) {
            const auto again = devnode_words(*kept);
            REQUIRE(again);
            REQUIRE(*again == *kept);
        }
    }
}
