// SPDX-License-Identifier: GPL-2.0-or-later
// How facts about a kernel are judged.
#include "catch.hpp"

#include "vz/kernel/check.hpp"

#include <algorithm>

using namespace vz::kernel;

namespace {

Facts stock_debian() {
    Facts facts;
    facts.release = "6.12.0";
    facts.namespaces = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};
    facts.user_namespaces = 96000;
    facts.inotify_instances = 8192;
    facts.cgroups = {
        .unified = true, .legacy = false, .controllers = {"cpu", "cpuset", "io", "memory", "pids"}};
    facts.overlay = Presence::loadable;
    facts.veth = Presence::loadable;
    facts.nftables = Presence::there;
    facts.mapped_mounts = Presence::there;
    facts.seccomp = facts.apparmor = true;
    return facts;
}

Finding finding(const Facts& facts, const std::string& feature) {
    const auto all = judge(facts);
    const auto it = std::find_if(all.begin(), all.end(), [&](const auto& f) { return f.feature == feature; });
    REQUIRE(it != all.end());
    return *it;
}

} // namespace

TEST_CASE("a stock Debian kernel suits, modules included", "[kernel]") {
    const auto findings = judge(stock_debian());
    CHECK(verdict(findings) == Verdict::suitable);
    for (const auto& f : findings)
        CHECK(f.advice.empty());
    CHECK(finding(stock_debian(), "overlayfs").status == Status::loadable);
}

TEST_CASE("something optional missing limits, something required forbids", "[kernel]") {
    auto facts = stock_debian();
    facts.apparmor = false;
    CHECK(verdict(judge(facts)) == Verdict::limited);
    CHECK(finding(facts, "AppArmor").status == Status::missing);
    CHECK_FALSE(finding(facts, "AppArmor").advice.empty());
    facts.user_namespaces = 0;
    CHECK(verdict(judge(facts)) == Verdict::unsuitable);
}

TEST_CASE("missing namespaces and controllers are named", "[kernel]") {
    auto facts = stock_debian();
    facts.namespaces.erase("user");
    CHECK(finding(facts, "namespaces").detail == "missing: user");
    facts.cgroups.controllers.erase("memory");
    CHECK(finding(facts, "cgroup controllers").detail == "missing: memory");
}

TEST_CASE("low limits and what could not be tried are told apart from missing", "[kernel]") {
    auto facts = stock_debian();
    facts.inotify_instances = 128;
    CHECK(finding(facts, "inotify instances").status == Status::low);
    CHECK(verdict(judge(facts)) == Verdict::limited);
    facts = stock_debian();
    facts.mapped_mounts = Presence::unknown;
    CHECK(finding(facts, "id-mapped mounts").advice == "run as root to find out");
    CHECK(verdict(judge(facts)) == Verdict::suitable);
}

TEST_CASE("hierarchies are read from mountinfo", "[kernel]") {
    const auto pure = "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
    CHECK(unified_mount(pure) == "/sys/fs/cgroup");
    const auto v2 = parse_cgroups(pure, "cpu io memory pids");
    CHECK((v2.unified && !v2.legacy && v2.controllers.contains("io")));

    const auto hybrid = "30 24 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
                        "31 24 0:27 / /sys/fs/cgroup/memory rw shared:5 master:2 - cgroup cgroup rw,memory\n"
                        "32 24 0:28 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio\n"
                        "33 24 0:29 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n"
                        "a broken line - cgroup\n";
    const auto both = parse_cgroups(hybrid, "");
    CHECK((both.unified && both.legacy));
    CHECK(both.controllers == std::set<std::string>{"io", "memory"});
    CHECK_FALSE(parse_cgroups("", "").unified);
}
