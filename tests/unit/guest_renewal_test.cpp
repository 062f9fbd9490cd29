// SPDX-License-Identifier: GPL-2.0-or-later
// What a clone must not share with its source goes; hostile trees stay inside.
#include "guest_tree.hpp"

#include "vz/guest/renewal.hpp"

using namespace vz::guest;
using namespace guest_test;

namespace {

void plant_identity(const fs::path& root) {
    put(root / "etc/machine-id", "0123456789abcdef0123456789abcdef\n", 0444);
    put(root / "var/lib/dbus/machine-id", "0123456789abcdef0123456789abcdef\n");
    put(root / "var/lib/systemd/random-seed", "seed");
    put(root / "etc/ssh/ssh_host_ed25519_key", "secret", 0600);
    put(root / "etc/ssh/ssh_host_ed25519_key.pub", "public");
    put(root / "etc/ssh/sshd_config", "Port 22\n");
    put(root / "var/lib/dhcp/dhclient.eth0.leases", "lease");
}

} // namespace

TEST_CASE("forget_identity takes away what is one system's own", "[guest]") {
    Tree tree;
    plant_identity(tree.root());
    for (int i = 0; i < 2; ++i) {
        REQUIRE(forget_identity(tree.dir()));
        CHECK(get(tree.root() / "etc/machine-id").empty());
        CHECK(fs::exists(tree.root() / "etc/machine-id"));
        for (const char* gone :
             {"var/lib/dbus/machine-id", "var/lib/systemd/random-seed", "etc/ssh/ssh_host_ed25519_key",
              "etc/ssh/ssh_host_ed25519_key.pub", "var/lib/dhcp/dhclient.eth0.leases"})
            CHECK_FALSE(fs::exists(tree.root() / gone));
        CHECK(get(tree.root() / "etc/ssh/sshd_config") == "Port 22\n");
    }
}

TEST_CASE("forget_identity stays in a hostile tree", "[guest]") {
    Tree tree;
    plant_identity(tree.host());
    const auto before = tree.host_state();
    const auto link =
        GENERATE(as<std::string>{}, "etc", "etc/ssh", "etc/machine-id", "var/lib/systemd", "var/lib/dbus");
    fs::remove_all(tree.root() / link);
    fs::create_directories((tree.root() / link).parent_path());
    const auto target = GENERATE(as<std::string>{}, "absolute", "../../../../../..", "..");
    fs::create_symlink(target == "absolute" ? tree.host() / link : fs::path(target) / "host" / link,
                       tree.root() / link);
    (void)forget_identity(tree.dir());
    (void)make_ssh_keys_at_boot(tree.dir());
    CHECK(tree.host_state() == before);
}

TEST_CASE("ssh keys are made at boot where there is a server", "[guest]") {
    Tree tree;
    const auto wanted = tree.root() / "etc/systemd/system/multi-user.target.wants/ssh-host-keys.service";
    fs::create_directories(tree.root() / "etc/systemd/system");
    REQUIRE(make_ssh_keys_at_boot(tree.dir()));
    CHECK_FALSE(fs::is_symlink(wanted));
    put(tree.root() / "usr/bin/ssh-keygen", "", 0755);
    put(tree.root() / "usr/sbin/sshd", "", 0755);
    REQUIRE(make_ssh_keys_at_boot(tree.dir()));
    REQUIRE(make_ssh_keys_at_boot(tree.dir()));
    CHECK(fs::read_symlink(wanted) == "/etc/systemd/system/ssh-host-keys.service");
}
