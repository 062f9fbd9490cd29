// SPDX-License-Identifier: GPL-2.0-or-later
// Limits as writes to control groups, on both kinds of hosts.
#include "catch.hpp"

#include "vz/limits/facts.hpp"
#include "vz/limits/inside.hpp"
#include "vz/limits/limits.hpp"

#include <algorithm>
#include <cstdlib>
#include <random>
#include <sys/stat.h>
#include <unistd.h>

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

IdList ids(std::string_view text) {
    return *IdList::parse(text);
}

Facts two_nodes() {
    Facts facts;
    facts.cpus = ids("0-7");
    facts.nodes = ids("0-1");
    facts.node_cpus = {{0, ids("0-3")}, {1, ids("4-7")}};
    facts.io_devices = {"254:0", "8:16"};
    return facts;
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
    limits.cpu_weight = 200;
    const auto writes = plan(limits, {{"", "/g"}}, {});
    CHECK(value_of(writes, "/g/memory.max") == "268435456");
    CHECK(value_of(writes, "/g/memory.swap.max") == "0");
    CHECK(value_of(writes, "/g/pids.max") == "50");
    CHECK(value_of(writes, "/g/cpu.max") == "50000 100000");
    CHECK(value_of(writes, "/g/cpu.weight") == "200");
}

TEST_CASE("no limits lift what was set before, and need nothing of the kernel", "[limits]") {
    const auto writes = plan(Limits{}, {{"", "/g"}}, two_nodes());
    CHECK(value_of(writes, "/g/memory.max") == "max");
    CHECK(value_of(writes, "/g/memory.low") == "0");
    CHECK(value_of(writes, "/g/pids.max") == "max");
    CHECK(value_of(writes, "/g/cpu.max") == "max 100000");
    CHECK(value_of(writes, "/g/cpuset.cpus") == "\n");
    CHECK(value_of(writes, "/g/io.max") == "8:16 riops=max wiops=max");
    CHECK(std::all_of(writes.begin(), writes.end(),
                      [](const Write& w) { return w.need == Need::if_possible; }));
    CHECK(apply(plan(Limits{}, {}, {}), When::live, vz::silent_reporter()));
}

TEST_CASE("guarantees and the slow zone end at the limit", "[limits]") {
    Limits limits;
    limits.memory_bytes = 1000;
    limits.memory_high_bytes = 900;
    limits.memory_low_bytes = 5000;
    limits.memory_min_bytes = 300;
    auto writes = plan(limits, {{"", "/g"}}, {});
    CHECK(value_of(writes, "/g/memory.high") == "900");
    CHECK(value_of(writes, "/g/memory.low") == "1000");
    CHECK(value_of(writes, "/g/memory.min") == "300");
    writes = plan(limits, {{"memory", "/m"}}, {}); // v1 knows neither
    CHECK(std::none_of(writes.begin(), writes.end(), [](const Write& w) {
        return w.path.find("low") != std::string::npos || w.path.find("high") != std::string::npos;
    }));
}

TEST_CASE("v1 memory and swap change in an order that the kernel accepts", "[limits]") {
    Limits limits;
    limits.memory_bytes = 100;
    limits.swap_bytes = 50;
    const auto writes = plan(limits, {{"memory", "/m"}, {"", "/u"}}, {});
    REQUIRE(writes.size() >= 3);
    CHECK(writes[0].path == "/m/memory.memsw.limit_in_bytes");
    CHECK(writes[0].value == "-1");
    CHECK(writes[1].value == "100");
    CHECK(writes[2].value == "150");
}

TEST_CASE("pinning takes what is there, and all of it again", "[limits]") {
    Limits limits;
    limits.cpus = ids("5-100");
    limits.nodes = ids("1");
    auto writes = plan(limits, {{"", "/g"}}, two_nodes());
    CHECK(value_of(writes, "/g/cpuset.cpus") == "5-7");
    CHECK(value_of(writes, "/g/cpuset.mems") == "1");
    limits.cpus.reset();
    limits.cpus_of_nodes = true;
    CHECK(value_of(plan(limits, {{"", "/g"}}, two_nodes()), "/g/cpuset.cpus") == "4-7");
    // Nothing of it is there: the kernel must refuse, an empty list would mean everything.
    limits = {};
    limits.cpus = ids("20-30");
    CHECK(value_of(plan(limits, {{"", "/g"}}, two_nodes()), "/g/cpuset.cpus") == "20-30");
    // v1 has no word for "everywhere".
    writes = plan(Limits{}, {{"cpuset", "/c"}}, two_nodes());
    CHECK(value_of(writes, "/c/cpuset.cpus") == "0-7");
    CHECK(value_of(writes, "/c/cpuset.mems") == "0-1");
}

TEST_CASE("disk limits go to each device", "[limits]") {
    Limits limits;
    limits.io_bytes_per_second = 1000;
    limits.io_weight = 160;
    auto writes = plan(limits, {{"", "/g"}}, two_nodes());
    CHECK(std::any_of(writes.begin(), writes.end(), [](const Write& w) {
        return w.value == "254:0 rbps=1000 wbps=1000" && w.need == Need::should && w.key == "IOLIMIT";
    }));
    CHECK(std::any_of(writes.begin(), writes.end(), [](const Write& w) {
        return w.value == "8:16 rbps=1000 wbps=1000" && w.code == vz::Errc::io_limit;
    }));
    CHECK(value_of(writes, "/g/io.weight") == "default 160");
    writes = plan(limits, {{"blkio", "/b"}, {"", "/g"}}, two_nodes());
    CHECK(value_of(writes, "/b/blkio.throttle.write_bps_device") == "8:16 1000");
    CHECK(value_of(writes, "/b/blkio.bfq.weight") == "160");
    CHECK(value_of(writes, "/g/io.max") == "none");
}

TEST_CASE("a key brings those that share its files, and no other", "[limits]") {
    Limits limits;
    limits.memory_bytes = 100;
    const auto all = plan(limits, {{"", "/g"}}, two_nodes());
    const std::vector<std::string> swap = {"SWAPPAGES"};
    const auto some = only(all, swap);
    CHECK(value_of(some, "/g/memory.max") == "100");
    CHECK(value_of(some, "/g/pids.max") == "none");
    const std::vector<std::string> cpus = {"CPUS"};
    CHECK(value_of(only(all, cpus), "/g/cpu.max") == "max 100000");
    CHECK(only(all, std::vector<std::string>{"HOSTNAME"}).empty());
}

TEST_CASE("a limit that the kernel cannot keep is an error, or a warning at a start", "[limits]") {
    struct Listener : vz::Reporter {
        void warning(std::string_view text) override { heard += text; }
        std::string heard;
    } out;
    Limits limits;
    limits.processes = 10;
    const Groups nowhere = {{"", "/nonexistent"}};
    CHECK(apply(plan(limits, nowhere, {}), When::start, out));
    CHECK(out.heard == "NUMPROC: the control groups of this kernel have no pids.max");
    out.heard.clear();
    std::string refuses = "/tmp/vz-limits-XXXXXX";
    REQUIRE(::mkdtemp(refuses.data()) != nullptr);
    const auto file = refuses + "/pids.max";
    REQUIRE(::mkdir(file.c_str(), 0700) == 0);
    auto done = apply(plan(limits, {{"", refuses}}, {}), When::start, out);
    ::rmdir(file.c_str());
    ::rmdir(refuses.c_str());
    REQUIRE_FALSE(done);
    CHECK(done.error().what.find("NUMPROC: pids.max does not take") != std::string::npos);
    limits = {};
    limits.cpus = ids("0");
    CHECK(apply(plan(limits, nowhere, {}), When::start, out));
    CHECK(out.heard == "CPUMASK: the control groups of this kernel have no cpuset.cpus");
    done = apply(plan(limits, nowhere, {}), When::live, out);
    REQUIRE_FALSE(done);
    CHECK(vz::exit_code(done.error().code) == 2);
}

TEST_CASE("lists of processors", "[limits]") {
    CHECK(ids("0,3,5-100").text() == "0,3,5-100");
    CHECK(ids("5-100,3,0,4").text() == "0,3-100");
    CHECK(ids("1-3,2-5").text() == "1-5");
    CHECK(ids(" 7\n").text() == "7");
    for (const char* bad :
         {"", "abc", "1-sdc", "1-", "-1", "3-1", "1,,2", "1 2", "65536", "0-99999999999", "1-2-3"})
        CHECK_FALSE(IdList::parse(bad));
    CHECK(ids("0-3").intersected(ids("2-9")).text() == "2-3");
    CHECK(ids("0-3").intersected(ids("8")).empty());
    CHECK(ids("0-1").united(ids("2,7")).text() == "0-2,7");
}

TEST_CASE("lists of processors are read from any text without harm", "[limits]") {
    const auto seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    const std::string_view alphabet = "0123456789,-- \n\0xz";
    for (int round = 0; round < 20000; ++round) {
        std::string text(random() % 12, ' ');
        for (char& c : text)
            c = alphabet[random() % alphabet.size()];
        const auto list = IdList::parse(text);
        if (!list)
            continue;
        CAPTURE(text);
        const auto again = IdList::parse(list->text());
        REQUIRE(again);
        REQUIRE(*again == *list);
        REQUIRE_FALSE(list->empty());
    }
}

TEST_CASE("the source of the mount that holds a path", "[limits]") {
    const char* const mounts = "20 1 254:0 / / rw - ext4 /dev/vda1 rw\n"
                               "30 20 0:40 / /var/lib/vz rw - btrfs /dev/sdb rw\n"
                               "31 20 0:41 / /var/lib/vzother rw - tmpfs none rw\n"
                               "32 30 0:42 / /var/lib/vz rw - btrfs /dev/sdc rw\n";
    CHECK(mount_source(mounts, "/var/lib/vz/private/101") == "/dev/sdc");
    CHECK(mount_source(mounts, "/var/lib/vzother") == "none");
    CHECK(mount_source(mounts, "/var/lib") == "/dev/vda1");
    CHECK_FALSE(mount_source("garbage - x\n", "/"));
}

TEST_CASE("options of a file system by the number of its mount", "[limits]") {
    const char* const mounts = "20 1 0:5 / /dev/pts rw - devpts devpts rw,gid=5,mode=620,max=1024\n"
                               "21 1 0:6 / /dev rw shared:1 master:2 - tmpfs none rw\n";
    CHECK(super_options(mounts, 20) == "rw,gid=5,mode=620,max=1024");
    CHECK(super_options(mounts, 21) == "rw");
    CHECK_FALSE(super_options(mounts, 2));
}
