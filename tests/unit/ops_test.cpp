// SPDX-License-Identifier: GPL-2.0-or-later
// The pure parts of the use cases: settings, boot order, engine configuration, credentials.
#include "catch.hpp"

#include "vz/engine/guest_config.hpp"
#include "vz/ops/boot.hpp"
#include "vz/ops/set.hpp"
#include "vz/ops/settings.hpp"
#include "vz/ops/status.hpp"

#include <map>

#include <unistd.h>

using namespace vz;
using namespace vz::ops;
using config::Ctid;

namespace {

Result<Changes> changes(const std::map<std::string, std::vector<std::string>, std::less<>>& given) {
    return collect_changes([&](std::string_view name) {
        const auto found = given.find(name);
        return found == given.end() ? std::vector<std::string>{} : found->second;
    });
}

std::string one(const std::string& option, const std::string& value) {
    const auto result = changes({{option, {value}}});
    return result ? result->at(0).first + "=" + result->at(0).second : "error";
}

} // namespace

TEST_CASE("settings are stored as the classic tools store them", "[ops]") {
    CHECK(one("ram", "256M") == "PHYSPAGES=0:65536");
    CHECK(one("swap", "1G") == "SWAPPAGES=0:262144");
    CHECK(one("swap", "0") == "SWAPPAGES=0:0");
    CHECK(one("ram", "unlimited") == "PHYSPAGES=0:unlimited");
    CHECK(one("physpages", "0:65536") == "PHYSPAGES=0:65536");
    CHECK(one("numproc", "50") == "NUMPROC=50:50");
    CHECK(one("cpulimit", "50") == "CPULIMIT=50");
    CHECK(one("cpulimit", "100%") == // of all processors
          "CPULIMIT=" + std::to_string(100 * ::sysconf(_SC_NPROCESSORS_ONLN)));
    CHECK(one("diskspace", "1G:2G") == "DISKSPACE=1048576:2097152");
    CHECK(one("onboot", "yes") == "ONBOOT=yes");
    const auto servers = changes({{"nameserver", {"192.0.2.1", "2001:db8::1"}}});
    CHECK(servers->at(0).second == "192.0.2.1 2001:db8::1");
    CHECK(changes({{"hostname", {"a", "b"}}})->at(0).second == "b"); // the later of two wins
    CHECK(one("nameserver", " ") == "NAMESERVER=");
}

TEST_CASE("settings that mean nothing are refused with a bad value", "[ops]") {
    for (const auto& [option, value] :
         std::vector<std::pair<std::string, std::string>>{{"ram", "x"},
                                                          {"ram", "1"},
                                                          {"onboot", "maybe"},
                                                          {"hostname", "a b"},
                                                          {"hostname", "a\nb"},
                                                          {"nameserver", "host"},
                                                          {"cpuunits", "7"},
                                                          {"cpuunits", "500001"},
                                                          {"numproc", "1:2:3"},
                                                          {"description", "a\nlxc.hook=x"},
                                                          {"private", "relative"},
                                                          {"ostemplate", "../x"},
                                                          {"bootorder", "-1"}}) {
        INFO(option << " " << value);
        CHECK(changes({{option, {value}}}).error().code == Errc::bad_value);
    }
    CHECK(changes({{"name", {"a/b"}}}).error().code == Errc::name);
}

TEST_CASE("no two settings share an option, and none is without a key", "[ops]") {
    std::map<std::string_view, int> seen;
    for (const auto& setting : settings()) {
        CHECK(++seen[setting.option] == 1);
        CHECK_FALSE(setting.key.empty());
        CHECK(setting.normalise != nullptr);
    }
}

TEST_CASE("higher BOOTORDER first, unset last, never ONBOOT=no", "[ops]") {
    constexpr int unset = -2147483647 - 1;
    const auto sequence = boot_sequence({{Ctid(101), true, false, false, unset},
                                         {Ctid(102), true, false, false, 5},
                                         {Ctid(103), false, true, true, 9},
                                         {Ctid(104), false, false, true, 7},
                                         {Ctid(105), false, false, false, 8},
                                         {Ctid(106), true, false, true, 5}});
    CHECK(sequence == std::vector<Ctid>{Ctid(104), Ctid(102), Ctid(106), Ctid(101)});
}

TEST_CASE("credentials are split at the first colon and never repeated", "[ops]") {
    CHECK(parse_credentials("root:a:b")->password == "a:b");
    for (const char* bad : {"", "root", ":x", "root:", "Bad User:secret", "a/b:secret"}) {
        REQUIRE_FALSE(parse_credentials(bad));
        CHECK(parse_credentials(bad).error().what.find("secret") == std::string::npos);
    }
}

TEST_CASE("the engine's configuration holds one line for each value", "[ops]") {
    engine::GuestConfig guest;
    guest.ctid = 101;
    guest.root = "/vz/root/101";
    guest.hostname = "web";
    guest.ids = {1000000, 2000000, 65536};
    guest.host_device = "venet101";
    guest.guest_mac = "02:18:00:00:00:65";
    guest.hook_program = "/h";
    guest.seccomp_profile = "/s";
    const auto text = engine::lxc_config(guest);
    REQUIRE(text);
    CHECK(text->find("lxc.idmap = u 0 1000000 65536\nlxc.idmap = g 0 2000000 65536\n") != std::string::npos);
    CHECK(text->find("lxc.hook.start-host = /h start-host 101\n") != std::string::npos);
    CHECK(text->find("lxc.cgroup.devices") == std::string::npos);
    guest.hostname = "web\nlxc.hook.pre-start = /bin/sh";
    CHECK_FALSE(engine::lxc_config(guest));
}

TEST_CASE("status lines have the words that clients count on", "[ops]") {
    CHECK(status_line(Ctid(101), {true, true, true, false}) == "CTID 101 exist mounted running");
    CHECK(status_line(Ctid(101), {}) == "CTID 101 deleted unmounted down");
    CHECK(status_line(Ctid(101), {true, false, false, true}) == "CTID 101 exist unmounted down suspended");
}
