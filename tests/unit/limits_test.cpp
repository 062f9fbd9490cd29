// SPDX-License-Identifier: GPL-2.0-or-later
// Limits as writes to control groups, on both kinds of hosts.
#include "catch.hpp"

#include "vz/limits/limits.hpp"

#include <algorithm>

using namespace vz::limits;

namespace {

const char* const k_hybrid_mounts =
    "25 20 0:22 / /sys/fs/cgroup ro - tmpfs tmpfs ro\n"
    "26 25 0:23 / /sys/fs/cgroup/unified rw shared:1 - cgroup2 cgroup2 rw\n"
    "27 25 0:24 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "28 25 0:25 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "29 25 0:26 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
    "30 25 0:27 /elsewhere /mnt/bind rw - cgroup2 cgroup2 rw\n";
const char* const k_pure_mounts = "26 25 0:23 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";

std::string value_of(const std::vector<Write>& writes, const std::string& path) {
    std::string value = "none";
    for (const auto& write : writes)
        if (write.path == path)
            value = write.value;
    return value;
}

} // namespace

TEST_CASE("groups are found on hybrid and pure hosts", "[limits]") {
    const auto hybrid = find_groups("4:memory:/x\n1:cpu,cpuacct:/x\n9:name=systemd:/x\n0::/lxc.payload.a:b\n",
                                    k_hybrid_mounts);
    CHECK(hybrid.at("memory") == "/sys/fs/cgroup/memory/x");
    CHECK(hybrid.at("cpu") == "/sys/fs/cgroup/cpu,cpuacct/x");
    CHECK(hybrid.at("") == "/sys/fs/cgroup/unified/lxc.payload.a:b");
    CHECK(hybrid.count("name=systemd") == 0); // not mounted here
    const auto pure = find_groups("0::/lxc.payload.a\n", k_pure_mounts);
    CHECK(pure.at("") == "/sys/fs/cgroup/lxc.payload.a");
    CHECK(find_groups("", k_pure_mounts).empty());
    CHECK(find_groups("garbage\n::\n", "more garbage\n").empty());
}

TEST_CASE("limits become v2 files", "[limits]") {
    Limits limits;
    limits.memory_bytes = 268435456;
    limits.swap_bytes = 0;
    limits.processes = 50;
    limits.cpu_percent = 50;
    limits.cpu_units = 2000;
    const auto writes = plan(limits, {{"", "/g"}});
    CHECK(value_of(writes, "/g/memory.max") == "268435456");
    CHECK(value_of(writes, "/g/memory.swap.max") == "0");
    CHECK(value_of(writes, "/g/pids.max") == "50");
    CHECK(value_of(writes, "/g/cpu.max") == "50000 100000");
    CHECK(value_of(writes, "/g/cpu.weight") == "200");
}

TEST_CASE("no limits lift what was set before, and need nothing of the kernel", "[limits]") {
    const auto writes = plan(Limits{}, {{"", "/g"}});
    CHECK(value_of(writes, "/g/memory.max") == "max");
    CHECK(value_of(writes, "/g/pids.max") == "max");
    CHECK(value_of(writes, "/g/cpu.max") == "max 100000");
    CHECK(std::none_of(writes.begin(), writes.end(), [](const Write& w) { return w.needed; }));
    CHECK(apply(Limits{}, {}));
}

TEST_CASE("v1 memory and swap change in an order that the kernel accepts", "[limits]") {
    Limits limits;
    limits.memory_bytes = 100;
    limits.swap_bytes = 50;
    const auto writes = plan(limits, {{"memory", "/m"}, {"", "/u"}});
    REQUIRE(writes.size() >= 3);
    CHECK(writes[0].path == "/m/memory.memsw.limit_in_bytes");
    CHECK(writes[0].value == "-1");
    CHECK(writes[1].value == "100");
    CHECK(writes[2].value == "150");
}

TEST_CASE("a limit that the kernel cannot keep is an error", "[limits]") {
    Limits limits;
    limits.processes = 10;
    const auto done = apply(limits, {{"", "/nonexistent"}});
    REQUIRE_FALSE(done);
    CHECK(done.error().what.find("pids.max") != std::string::npos);
}
