// SPDX-License-Identifier: GPL-2.0-or-later
// Id ranges, and the contract that every layout keeps (the latter needs root).
#include "catch.hpp"

#include "vz/storage/id_pool.hpp"
#include "vz/storage/storage.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/mount.hpp"
#include "vz/sys/random.hpp"

#include <functional>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace vz;
using namespace vz::storage;

TEST_CASE("the lowest free range is chosen, whatever overlaps", "[storage]") {
    const IdPool pool{1000000, 3};
    CHECK(choose_range(pool, {})->uid_base == 1000000);
    CHECK(choose_range(pool, {{1000000, 1000000}})->uid_base == 1065536);
    // Half across two slots takes both; a range far away takes none.
    CHECK(choose_range(pool, {{1030000, 1030000}, {5000000, 5000000}})->uid_base == 1131072);
    // Group ids count as well.
    CHECK(choose_range(pool, {{70000, 1000000}})->uid_base == 1065536);
    CHECK(choose_range(pool, {{1000000, 1000000}, {1065536, 1065536}, {1131072, 1131072}}).error().code ==
          Errc::no_resources);
}

TEST_CASE("a pool is BASE:CONTAINERS below 2^32", "[storage]") {
    CHECK(parse_id_pool("")->base == IdPool{}.base);
    CHECK(parse_id_pool("100000:10")->containers == 10);
    for (const char* bad : {"100000", "0:1", "100000:0", "4294900000:10", "100000:70000", "x:1", "1:2:3"})
        CHECK_FALSE(parse_id_pool(bad));
}

TEST_CASE("delegation is added once and other lines stay", "[storage]") {
    const std::string text = "www:100000:65536\nroot:5:10\n";
    const auto with = with_delegation(text, 1000000, 65536);
    CHECK(with == text + "root:1000000:65536\n");
    CHECK(with_delegation(with, 1000000, 65536) == with);
    CHECK(with_delegation(with, 1000100, 100) == with);
    CHECK(with_delegation("www:1:1", 7, 1) == "www:1:1\nroot:7:1\n");
}

namespace {

// A host folder with a template tree, in a mount namespace of the test's own.
class StorageHost {
public:
    StorageHost() : m_folder("/var/tmp/vz-storage-test." + sys::random_hex(4)) {
        REQUIRE(::unshare(CLONE_NEWNS) == 0);
        REQUIRE(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
        for (const char* folder : {"", "/root", "/tree", "/tree/etc"})
            REQUIRE(::mkdir((m_folder + folder).c_str(), 0755) == 0);
        REQUIRE(sys::write_file_atomic(m_folder + "/tree/etc/file", "template"));
        REQUIRE(::chown((m_folder + "/tree/etc/file").c_str(), 33, 33) == 0);
    }
    ~StorageHost() {
        (void)sys::unmount_all(m_folder + "/root");
        (void)sys::Dir::open("/var/tmp")->remove_tree(m_folder.substr(9));
    }
    Volume volume() const {
        return {m_folder + "/private", m_folder + "/root", m_folder + "/tree", {1000000, 1000000, 65536}};
    }

private:
    std::string m_folder;
};

uid_t owner(const std::string& path) {
    struct stat st {};
    REQUIRE(::stat(path.c_str(), &st) == 0);
    return st.st_uid;
}

Result<void> as_container_root(const Volume& volume,
                               const std::function<Result<void>(const sys::Dir&)>& work) {
    const auto userns = sys::make_userns(volume.ids);
    const auto root = sys::Dir::open(volume.root);
    const auto done = sys::run_as_container_root(*userns, [&]() -> Result<std::string> {
        VZ_TRY(work(*root));
        return std::string();
    });
    return done ? Result<void>() : Result<void>(done.error());
}

void keeps_contract(const Storage& layout) {
    if (::geteuid() != 0) {
        WARN("skipped: needs root");
        return;
    }
    const StorageHost host;
    const auto volume = host.volume();
    REQUIRE(layout.create(volume));
    CHECK_FALSE(layout.create(volume)); // never over an existing one
    if (layout.copies_template()) {
        const auto folder = layout.content_folder(volume);
        REQUIRE(folder);
        REQUIRE(::mkdir((*folder + "/etc").c_str(), 0755) == 0);
        REQUIRE(sys::write_file_atomic(*folder + "/etc/file", "template"));
        REQUIRE(::chown((*folder + "/etc/file").c_str(), 33, 33) == 0);
    }
    REQUIRE(layout.mount(volume));
    CHECK(sys::is_mount_point(volume.root));
    CHECK(sys::mounts_below(volume.root).size() == 1); // one mount, nothing half-made below or above
    CHECK(owner(volume.root + "/etc/file") == 1000033);
    REQUIRE(
        as_container_root(volume, [](const sys::Dir& root) { return root.write_file("etc/new", "mine"); }));
    CHECK(owner(volume.root + "/etc/new") == 1000000);
    REQUIRE(as_container_root(volume,
                              [](const sys::Dir& root) { return root.write_file("etc/file", "changed"); }));
    REQUIRE(layout.unmount(volume));
    CHECK_FALSE(sys::is_mount_point(volume.root));
    REQUIRE(layout.unmount(volume)); // again: fine
    CHECK(**sys::read_file(volume.template_tree + "/etc/file") ==
          "template"); // the shared tree never changes
    REQUIRE(layout.mount(volume));
    CHECK(**sys::read_file(volume.root + "/etc/file") == "changed");
}

} // namespace

TEST_CASE("layout dir keeps the storage contract", "[storage][root]") {
    keeps_contract(*make_dir_storage());
}

TEST_CASE("layout overlay keeps the storage contract", "[storage][root]") {
    keeps_contract(*make_overlay_storage());
}

TEST_CASE("an overlay without its template says what to do", "[storage][root]") {
    if (::geteuid() != 0)
        return;
    const StorageHost host;
    auto volume = host.volume();
    volume.template_tree += "-gone";
    REQUIRE(make_overlay_storage()->create(volume));
    CHECK(make_overlay_storage()->mount(volume).error().code == Errc::template_not_found);
}
