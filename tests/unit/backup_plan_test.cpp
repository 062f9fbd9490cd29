// SPDX-License-Identifier: GPL-2.0-or-later
// Parts of backups, configurations on their way to another host, archives of vzdump: what needs no root.
#include "backup_builder.hpp"
#include "catch.hpp"

#include "lib/backup/plan.hpp"
#include "lib/ops/restore_conf.hpp"
#include "lib/ops/vzdump_archive.hpp"

using namespace vz;
using backup::Type;
using B = BackupBuilder;

namespace {

backup::Plan plan_of(const std::vector<backup::Entry>& entries) {
    backup::Plan plan(1);
    for (const auto& entry : entries)
        REQUIRE(plan.add(entry));
    return plan;
}

std::vector<std::string> paths_of(const backup::Plan& plan) {
    std::vector<std::string> out;
    for (const auto& entry : plan.entries())
        out.push_back(entry.path);
    return out;
}

backup::Plan tree() {
    return plan_of({B::entry(Type::folder, "."), B::entry(Type::folder, "etc"), B::file("etc/a", "a"),
                    B::file("etc/b", "b"), B::entry(Type::folder, "etcetera"), B::file("etcetera/c", "c"),
                    B::link(Type::hard_link, "l1", "etc/a"), B::link(Type::hard_link, "l2", "etc/a"),
                    B::entry(Type::removed, "gone")});
}

ops::ConfForHost fitted(const std::string& text, const ops::Census& census = {},
                        const std::vector<std::string>& uuids = {}, unsigned was = 101, unsigned now = 101) {
    auto out = ops::conf_for_host({text, config::Ctid(was)}, config::Ctid(now), {census, uuids, {}});
    if (!out)
        FAIL(out.error().what);
    return *std::move(out);
}

bool warns(const ops::ConfForHost& fitted, std::string_view what) {
    for (const auto& warning : fitted.warnings)
        if (warning.find(what) != std::string::npos)
            return true;
    return false;
}

} // namespace

TEST_CASE("a selection has the folders above, and hard links stay whole", "[backup]") {
    const auto plan = tree();
    const auto some = backup::select(plan, {"etc"}, 1);
    REQUIRE(some);
    CHECK(paths_of(*some) == std::vector<std::string>{".", "etc", "etc/a", "etc/b"});
    const auto links = backup::select(plan, {"l1", "l2"}, 1);
    REQUIRE(links);
    REQUIRE(paths_of(*links) == std::vector<std::string>{".", "l1", "l2"});
    CHECK(links->entries()[1].type == Type::file);
    CHECK(links->entries()[1].member_name() == "etc/a");
    CHECK(links->entries()[2].type == Type::hard_link);
    CHECK(links->entries()[2].link == "l1");
    CHECK(links->members(0).size() == 1);
    const auto one = backup::select(plan, {"etcetera/c"}, 1);
    REQUIRE(one);
    CHECK(paths_of(*one) == std::vector<std::string>{".", "etcetera", "etcetera/c"});
    CHECK_FALSE(backup::select(plan, {"gone"}, 1));
    CHECK_FALSE(backup::select(plan, {"etce"}, 1));
    CHECK(backup::select(plan, {"."}, 1)->entries().size() == 8); // not what is removed
}

TEST_CASE("a plan counts content once", "[backup]") {
    const auto plan = tree();
    CHECK(plan.bytes() == 3);
    CHECK(plan.members(0).size() == 3);
    CHECK(plan.find("etc/b")->size == 1);
    CHECK(plan.find("etc/none") == nullptr);
}

TEST_CASE("paths that people write become those of the manifest", "[backup]") {
    CHECK(*backup::plain_path("/etc//ssh/") == "etc/ssh");
    CHECK(*backup::plain_path("./etc/.") == "etc");
    CHECK(*backup::plain_path("/") == ".");
    CHECK_FALSE(backup::plain_path("etc/../../x"));
}

TEST_CASE("a configuration from elsewhere is made fit for this host", "[restore]") {
    const std::string text =
        "VE_ROOT=\"/vz/root/$VEID\"\nVE_PRIVATE=\"/etc\"\nVE_TEMPLATE=\"a@b\"\nNAME=\"web\"\n"
        "IP_ADDRESS=\"10.0.0.5 10.0.0.6\"\nLOCAL_UID=\"0\"\nLOCAL_GID=\"0\"\n"
        "VE_UUID=\"0aa1\"\nPHYSPAGES=\"nonsense\"\nHOSTNAME=\"web\"\n";
    const auto free = fitted(text);
    for (const char* key : {"VE_ROOT", "VE_PRIVATE", "VE_TEMPLATE", "LOCAL_UID", "LOCAL_GID", "PHYSPAGES"}) {
        INFO(key);
        CHECK_FALSE(free.conf.has(key));
    }
    CHECK(free.conf.get("NAME") == "web");
    CHECK(free.conf.get("VE_UUID") == "0aa1");
    CHECK(warns(free, "PHYSPAGES"));
    ops::Census census;
    census.names.emplace("web", "container 7");
    census.addresses.emplace(*network::Address::parse("10.0.0.6"), "container 7");
    const auto taken = fitted(text, census, {"0aa1"});
    CHECK_FALSE(taken.conf.has("NAME"));
    CHECK_FALSE(taken.conf.has("VE_UUID"));
    CHECK(taken.conf.get("IP_ADDRESS") == "10.0.0.5");
    CHECK(taken.conf.get("HOSTNAME") == "web");
    CHECK(warns(taken, "belongs to container 7"));
}

TEST_CASE("ids stay if they are in the pool and free", "[restore]") {
    const std::string text = "LOCAL_UID=\"1006698496\"\nLOCAL_GID=\"1006698496\"\n";
    CHECK(fitted(text).conf.get("LOCAL_UID") == "1006698496");
    ops::Census census;
    census.ranges.push_back({1006698496 + 100, 1006698496 + 100});
    CHECK_FALSE(fitted(text, census).conf.has("LOCAL_UID"));
}

TEST_CASE("what reaches into the host is told", "[restore]") {
    const auto out = fitted("BINDMOUNT=\"/srv/data:/data\"\nVE_UUID=\"../../etc\"\n"
                            "NETIF=\"ifname=eth0,mac=02:00:00:00:00:01,bridge=br0\"\n",
                            {}, {}, 101, 102);
    CHECK(warns(out, "BINDMOUNT"));
    CHECK_FALSE(out.conf.has("VE_UUID"));
    CHECK(out.conf.get("NETIF") == "ifname=eth0,bridge=br0"); // another id: another MAC address
    CHECK_FALSE(ops::conf_for_host({"no configuration", config::Ctid(1)}, config::Ctid(1), {{}, {}, {}}));
}

TEST_CASE("the configuration of a Proxmox container is translated", "[restore]") {
    const auto out =
        ops::translate_pct("#comment\narch: amd64\ncores: 2\ncpulimit: 1.5\nhostname: pve\nmemory: 512\n"
                           "swap: 0\nonboot: 1\nnameserver: 1.1.1.1 9.9.9.9\nrootfs: local:x,size=8G\n"
                           "net0: name=eth0,bridge=vmbr0,ip=10.0.0.5/24,gw=10.0.0.1,ip6=fd00::5/64\n"
                           "net1: name=eth1,bridge=vmbr1,ip=dhcp\nmp0: /x,mp=/y\nlxc.foo: bar\n"
                           "[snapshot]\nmemory: 9\n");
    const auto conf = config::ConfFile::parse(out.conf);
    REQUIRE(conf);
    CHECK(conf->get("HOSTNAME") == "pve");
    CHECK(conf->get("CPUS") == "2");
    CHECK(conf->get("CPULIMIT") == "150");
    CHECK(conf->get("PHYSPAGES") == "0:131072");
    CHECK(conf->get("SWAPPAGES") == "0:0");
    CHECK(conf->get("ONBOOT") == "yes");
    CHECK(conf->get("NAMESERVER") == "1.1.1.1 9.9.9.9");
    CHECK(conf->get("DISKSPACE") == "8388608:8388608");
    CHECK(conf->get("IP_ADDRESS") == "10.0.0.5 fd00::5");
    CHECK(out.notes.size() == 4); // net0's bridge, net1, mp0, lxc.foo
}

TEST_CASE("the id in a dump's name", "[restore]") {
    CHECK(ops::ctid_of_dump("vzdump-openvz-101-2010_01_31-23_15_00.tar") == config::Ctid(101));
    CHECK(ops::ctid_of_dump("vzdump-lxc-205-x.tar.zst") == config::Ctid(205));
    CHECK(ops::ctid_of_dump("vzdump-7.tgz") == config::Ctid(7));
    CHECK_FALSE(ops::ctid_of_dump("backup-7.tgz"));
    CHECK_FALSE(ops::ctid_of_dump("vzdump-lxc-99999999999-x.tar"));
}
