// SPDX-License-Identifier: GPL-2.0-or-later
// What a copy of a container takes over from the source's configuration.
#include "catch.hpp"

#include "lib/ops/clone_conf.hpp"

using namespace vz;

namespace {

std::string cloned(const std::string& conf) {
    const auto out = ops::conf_for_clone(*config::ConfFile::parse(conf));
    return out ? out->text() : "error: " + out.error().what;
}

} // namespace

TEST_CASE("a copy has no identity of its source", "[clone]") {
    for (const char* key : {"NAME", "HOSTNAME", "IP_ADDRESS", "VE_UUID", "LOCAL_UID", "LOCAL_GID", "ONBOOT",
                            "BOOTORDER", "NETDEV"})
        CHECK(cloned(std::string(key) + "=\"1\"\nNUMPROC=\"7\"\n") == "NUMPROC=\"7\"\n");
}

TEST_CASE("everything else of a configuration is copied as it is", "[clone]") {
    const std::string conf = "# mine\n\nPHYSPAGES=\"0:1G\" # why\nUNKNOWN='x $VEID'\nOSTEMPLATE=\"debian\"\n"
                             "DESCRIPTION=\"NAME=web\"\nVE_LAYOUT=\"btrfs\"\n  FEATURES=\"nfs:on\"\n";
    CHECK(cloned(conf) == conf);
}

TEST_CASE("the uuid that libvirt keeps in a comment stays behind", "[clone]") {
    CHECK(cloned("# UUID: 8df3b2a5-0b57-4a5b-9a0c-1e3c26a6a0f5\nNUMPROC=\"7\"\n") == "NUMPROC=\"7\"\n");
    CHECK(cloned("  # UUID: 8df3b2a5\nNUMPROC=\"7\"\n") == "NUMPROC=\"7\"\n");
    CHECK(cloned("# UUIDs: none\n# mine: UUID:\n") == "# UUIDs: none\n# mine: UUID:\n");
}

TEST_CASE("folders stay only if they follow the id", "[clone]") {
    for (const char* follows : {"VE_PRIVATE=\"/srv/$VEID\"\n", "VE_ROOT=\"/srv/root/${VEID}\"\n"})
        CHECK(cloned(follows) == follows);
    CHECK(cloned("VE_PRIVATE=\"/srv/101\"\nVE_ROOT=\"/srv/root\"\n").empty());
}

TEST_CASE("interfaces keep their bridges, not their addresses", "[clone]") {
    CHECK(cloned("NETIF=\"ifname=eth0,bridge=br0,mac=00:18:51:00:00:01,host_ifname=veth101.0,"
                 "host_mac=fe:ff:ff:ff:ff:ff,ip=10.0.0.1/"
                 "24,mac_filter=off;mac=00:18:51:00:00:02,ifname=eth1\"\n") ==
          "NETIF=\"ifname=eth0,bridge=br0,mac_filter=off;ifname=eth1\"\n");
    CHECK(cloned("NETIF=\"\"\n") == "NETIF=\"\"\n");
}
