// SPDX-License-Identifier: GPL-2.0-or-later
// The contract that every storage layout keeps. All of it needs root; btrfs is tried on an image of its own,
// lvm and lvmthin where VZ_TEST_VOLUME_GROUP and VZ_TEST_THIN_POOL name some (tests/system).
#include "storage_host.hpp"

using namespace vz;
using namespace vz::storage;

namespace {

// ---- the contract, in parts
// -------------------------------------------------------------------------------------

void mounts_whole(const Storage& layout, const StorageHost& host) {
    const auto volume = host.volume();
    create(layout, volume);
    CHECK_FALSE(layout.create(volume, fill)); // never over an existing one
    {
        const auto detached = layout.open(volume);
        REQUIRE(detached);
        CHECK_FALSE(sys::is_mount_point(volume.root));
    }
    OK(layout.mount(volume));
    CHECK(sys::mounts_below(volume.root).size() == 1); // one mount, nothing half-made below or above
    CHECK(look(volume.root + "/etc/file").st_uid == volume.ids.uid_base + 33);
    OK(inside(volume, [](const sys::Dir& root) { return root.write_file("etc/new", "mine"); }));
    CHECK(look(volume.root + "/etc/new").st_uid == volume.ids.uid_base);
    OK(inside(volume, [](const sys::Dir& root) { return root.write_file("etc/file", "changed"); }));
    OK(layout.unmount(volume));
    CHECK_FALSE(sys::is_mount_point(volume.root));
    OK(layout.unmount(volume));                                       // again: fine
    CHECK(content(volume.template_tree + "/etc/file") == "template"); // the shared tree never changes
    OK(layout.mount(volume));
    CHECK(content(volume.root + "/etc/file") == "changed");
    OK(layout.unmount(volume));
    OK(layout.remove(volume));
}

void renames_its_area(const Storage& layout, const StorageHost& host) {
    auto volume = host.volume();
    create(layout, volume);
    REQUIRE(::rename(volume.private_area.c_str(), (volume.private_area + "-renamed").c_str()) == 0);
    OK(layout.remove(volume)); // as "vzctl create" does with the name that the area had at first
    volume.private_area += "-renamed";
    OK(layout.mount(volume));
    CHECK(content(volume.root + "/etc/file") == "template");
    OK(layout.unmount(volume));
    OK(layout.remove(volume));
}

void removes_all(const Storage& layout, const StorageHost& host) {
    const auto volume = host.volume();
    OK(layout.remove(volume)); // absent: fine
    create(layout, volume);
    if (layout.traits().snapshots)
        OK(layout.take_snapshot(volume, k_snapshot));
    OK(layout.remove(volume));
    CHECK_FALSE(sys::exists(volume.private_area));
    OK(layout.remove(volume));
    REQUIRE(::mkdir(volume.private_area.c_str(), 0755) == 0); // what a killed create may leave
    OK(layout.remove(volume));
    CHECK_FALSE(sys::exists(volume.private_area));
    create(layout, volume); // nothing in the way
    OK(layout.remove(volume));
}

void clones(const Storage& layout, const StorageHost& host) {
    const auto source = host.volume();
    const auto target = host.volume(102);
    create(layout, source);
    OK(layout.mount(source));
    OK(inside(source, make_treasures));
    OK(layout.clone(source, target)); // in use
    OK(layout.unmount(source));
    CHECK(description(layout, target) == description(layout, source));
    OK(layout.mount(target));
    OK(inside(target, [](const sys::Dir& root) { return root.write_file("etc/file", "the clone's"); }));
    CHECK(look(target.root + "/etc/file").st_uid == target.ids.uid_base);
    // Names of one file in the template are those of one file still.
    OK(inside(target, [](const sys::Dir& root) -> Result<void> {
        VZ_ASSIGN(const auto fd, root.open_at("bin/two", O_WRONLY | O_APPEND));
        return sys::write_all(fd.get(), "+");
    }));
    CHECK(content(target.root + "/bin/one") == "program+");
    OK(layout.unmount(target));
    OK(layout.mount(source));
    CHECK(content(source.root + "/etc/file") == "changed");
    CHECK(content(source.root + "/bin/one") == "program");
    OK(layout.unmount(source));
    OK(layout.remove(source));
    OK(layout.mount(target)); // needs nothing of its source
    CHECK(content(target.root + "/etc/file") == "the clone's");
    OK(layout.unmount(target));
    OK(layout.remove(target));
}

// More than a copy would be worth: where layers or blocks are shared, each still has its own.
void copies_much(const Storage& layout, const StorageHost& host) {
    const auto source = host.volume();
    const auto copy = host.volume(102);
    const auto copy_of_copy = host.volume(103);
    create(layout, source);
    OK(layout.mount(source));
    OK(write_inside(source, "large", 20 * k_megabyte));
    OK(inside(source, make_treasures));
    OK(layout.unmount(source));
    const auto whole = description(layout, source);
    OK(layout.clone(source, copy));
    CHECK(description(layout, source) == whole);
    CHECK(description(layout, copy) == whole);
    OK(layout.mount(copy));
    OK(inside(copy, [](const sys::Dir& root) { return root.remove_tree("var"); }));
    OK(inside(copy, [](const sys::Dir& root) { return root.write_file("etc/other", "here again"); }));
    OK(write_inside(copy, "large", 21 * k_megabyte));
    CHECK(look(copy.root + "/etc/file").st_uid == copy.ids.uid_base);
    CHECK(look(copy.root + "/bin/one").st_uid == copy.ids.uid_base);
    OK(layout.unmount(copy));
    CHECK(description(layout, source) == whole);
    OK(layout.clone(copy, copy_of_copy));
    const auto changed = description(layout, copy);
    CHECK(changed.find("here again") != std::string::npos);
    CHECK(changed.find("var/") == std::string::npos);
    OK(layout.remove(copy));
    CHECK(description(layout, copy_of_copy) == changed);
    OK(layout.remove(source));
    CHECK(description(layout, copy_of_copy) == changed);
    OK(layout.remove(copy_of_copy));
    CHECK_FALSE(sys::exists(host.folder() + "/.layers"));
}

void keeps_snapshots(const Storage& layout, const StorageHost& host) {
    const auto volume = host.volume();
    create(layout, volume);
    if (!layout.traits().snapshots) {
        CHECK(layout.take_snapshot(volume, k_snapshot).error().code == Errc::snapshot_create);
        CHECK(layout.list_snapshots(volume)->empty());
        OK(layout.remove(volume));
        return;
    }
    CHECK(layout.take_snapshot(volume, "../../evil").error().code == Errc::bad_value);
    CHECK(layout.rollback(volume, k_snapshot).error().code == Errc::snapshot_switch);
    OK(layout.mount(volume));
    OK(inside(volume, make_treasures));
    OK(layout.take_snapshot(volume, k_snapshot)); // in use
    OK(inside(volume, [](const sys::Dir& root) { return root.write_file("etc/file", "later"); }));
    OK(inside(volume, [](const sys::Dir& root) { return root.remove_tree("var"); }));
    OK(layout.take_snapshot(volume, k_other_snapshot));
    OK(layout.unmount(volume));
    CHECK(*layout.list_snapshots(volume) == std::vector<std::string>{k_snapshot, k_other_snapshot});
    {
        const auto mount = layout.open_snapshot(volume, k_snapshot);
        INFO((mount ? "" : mount.error().what));
        REQUIRE(mount);
        const sys::Dir root(sys::Fd(::dup(mount->get())));
        CHECK(**root.read_file("etc/file") == "changed");
        CHECK(root.write_file("etc/file", "x").error().sys_errno == EROFS);
    }
    for (int again = 0; again < 2; ++again) {
        OK(layout.rollback(volume, k_snapshot));
        OK(layout.mount(volume));
        CHECK(content(volume.root + "/etc/file") == "changed");
        CHECK(content(volume.root + "/var/first") == "joined");
        CHECK(content(volume.root + "/etc/other") == "(absent)");
        OK(inside(volume, [](const sys::Dir& root) { return root.write_file("etc/file", "again"); }));
        OK(layout.unmount(volume));
    }
    OK(layout.rollback(volume, k_other_snapshot));
    OK(layout.mount(volume));
    CHECK(content(volume.root + "/etc/file") == "later");
    CHECK(content(volume.root + "/var/first") == "(absent)");
    OK(layout.unmount(volume));
    OK(layout.remove_snapshot(volume, k_snapshot));
    OK(layout.remove_snapshot(volume, k_snapshot)); // absent: fine
    CHECK(*layout.list_snapshots(volume) == std::vector<std::string>{k_other_snapshot});
    OK(layout.remove(volume));
}

// Where the host cannot limit, one message says so; a warning then leaves the volume as it was.
void limits(const Storage& layout, const StorageHost& host) {
    auto volume = host.volume();
    volume.size = 64 * k_megabyte;
    create(layout, volume);
    DiskLimits wanted;
    OK(layout.set_limits(volume, wanted, silent_reporter())); // none: nothing to do
    wanted.bytes = 64 * k_megabyte;
    wanted.insist = true;
    const auto set = layout.set_limits(volume, wanted, silent_reporter());
    if (!set && set.error().code == Errc::quota_set && !layout.traits().own_device) {
        WARN("no quotas here: " + set.error().what);
        OK(layout.mount(volume));
        OK(layout.unmount(volume));
        return;
    }
    OK(set);
    OK(layout.mount(volume));
    CHECK_FALSE(write_inside(volume, "big", 80 * k_megabyte));
    OK(inside(volume, [](const sys::Dir& root) { return root.remove("big"); }));
    wanted.bytes = 160 * k_megabyte; // in use
    OK(layout.set_limits(volume, wanted, silent_reporter()));
    OK(write_inside(volume, "big", 80 * k_megabyte));
    const auto used = layout.usage(volume);
    REQUIRE(used);
    REQUIRE(*used);
    CHECK((*used)->bytes >= 80 * k_megabyte);
    CHECK((*used)->bytes < 130 * k_megabyte);
    wanted.inodes = 500;
    wanted.insist_on_inodes = true;
    const auto inodes = layout.set_limits(volume, wanted, silent_reporter());
    CHECK(inodes.has_value() == (layout.traits().inode_limit && !host.is_on_btrfs()));
    CHECK((inodes || inodes.error().code == Errc::quota_set));
    if (inodes) {
        const auto made = inside(volume, [](const sys::Dir& root) -> Result<void> {
            for (int i = 0; i < 600; ++i)
                VZ_TRY(root.write_file(format("file{}", i), ""));
            return {};
        });
        CHECK_FALSE(made);
    }
    OK(layout.unmount(volume));
    OK(layout.remove(volume));
}

void keeps_contract(const std::function<std::unique_ptr<Storage>()>& make, Options options = {}) {
    if (!is_root())
        return;
    const auto layout = make();
    const StorageHost host(options);
    SECTION("mounts whole, or not at all") {
        mounts_whole(*layout, host);
    }
    SECTION("stays usable when its area is renamed") {
        renames_its_area(*layout, host);
    }
    SECTION("removes all that it made") {
        removes_all(*layout, host);
    }
    SECTION("clones lose nothing and stand alone") {
        clones(*layout, host);
    }
    SECTION("copies of much are whole, too, and stand alone") {
        copies_much(*layout, host);
    }
    SECTION("snapshots come back") {
        keeps_snapshots(*layout, host);
    }
    SECTION("limits hold, and grow in use") {
        limits(*layout, host);
    }
}

} // namespace

TEST_CASE("layout dir keeps the storage contract", "[storage][root]") {
    keeps_contract(make_dir_storage);
}

TEST_CASE("layout overlay keeps the storage contract", "[storage][root]") {
    keeps_contract(make_overlay_storage);
}

TEST_CASE("layout btrfs keeps the storage contract", "[storage][root]") {
    keeps_contract(make_btrfs_storage, {.btrfs_image = true});
}

TEST_CASE("layout dir on btrfs keeps the storage contract", "[storage][root]") {
    keeps_contract(make_dir_storage, {.btrfs_image = true});
}

TEST_CASE("layout overlay on btrfs keeps the storage contract", "[storage][root]") {
    keeps_contract(make_overlay_storage, {.btrfs_image = true});
}

TEST_CASE("layout lvm keeps the storage contract", "[storage][root]") {
    if (::getenv("VZ_TEST_VOLUME_GROUP"))
        keeps_contract(make_lvm_storage);
}

TEST_CASE("layout lvmthin keeps the storage contract", "[storage][root]") {
    if (::getenv("VZ_TEST_THIN_POOL"))
        keeps_contract(make_lvmthin_storage);
}

TEST_CASE("files move between layouts without loss", "[storage][root]") {
    if (!is_root())
        return;
    const StorageHost host({.btrfs_image = true});
    const auto dir = make_dir_storage();
    const auto overlay = make_overlay_storage();
    const auto btrfs = make_btrfs_storage();
    const auto lvm = make_lvm_storage();
    const auto lvmthin = make_lvmthin_storage();
    std::vector<const Storage*> layouts = {dir.get(), overlay.get(), btrfs.get()};
    const bool volumes = ::getenv("VZ_TEST_VOLUME_GROUP") && ::getenv("VZ_TEST_THIN_POOL");
    if (volumes) // the others were tried where it is not slow
        layouts = {overlay.get(), lvm.get(), lvmthin.get()};
    for (const auto* from : layouts)
        for (const auto* to : layouts) {
            if (volumes && from == to)
                continue;
            const auto source = host.volume();
            auto target = source;
            target.private_area += "-new";
            create(*from, source);
            OK(from->mount(source));
            OK(inside(source, make_treasures));
            OK(from->unmount(source));
            const auto wanted = description(*from, source);
            OK(to->create(target, {}));
            OK(copy_files(*from, source, *to, target));
            CHECK(description(*to, target) == wanted);
            if (to == overlay.get()) // what is equal to the template stays shared
                CHECK_FALSE(sys::exists(target.private_area + "/upper/bin/one"));
            OK(from->remove(source));
            OK(to->remove(target));
        }
}

TEST_CASE("an overlay without its template says what to do", "[storage][root]") {
    if (!is_root())
        return;
    const StorageHost host;
    auto volume = host.volume();
    volume.template_tree += "-gone";
    REQUIRE(make_overlay_storage()->create(volume, {}));
    CHECK(make_overlay_storage()->mount(volume).error().code == Errc::template_not_found);
}

TEST_CASE("layout btrfs elsewhere says what it needs", "[storage][root]") {
    if (!is_root())
        return;
    const StorageHost host;
    CHECK(make_btrfs_storage()->create(host.volume(), fill).error().code == Errc::unknown_mount_type);
    CHECK_FALSE(sys::exists(host.volume().private_area));
}

TEST_CASE("subvolumes that a container nested go with it", "[storage][root]") {
    if (!is_root())
        return;
    const StorageHost host({.btrfs_image = true});
    const auto volume = host.volume();
    const auto layout = make_btrfs_storage();
    create(*layout, volume);
    const auto fs = volume.private_area + "/fs";
    for (const char* name : {"/a", "/a/b", "/etc/c"})
        REQUIRE(sys::run_checked(sys::Command({"btrfs", "subvolume", "create", fs + name})));
    REQUIRE(sys::write_file_atomic(fs + "/a/b/file", "x"));
    for (const char* name : {"/a/b", "/a", "/etc/c"})
        REQUIRE(sys::run_checked(sys::Command({"btrfs", "property", "set", fs + name, "ro", "true"})));
    OK(layout->remove(volume));
    CHECK_FALSE(sys::exists(volume.private_area));
}

TEST_CASE("a link for a private area goes alone", "[storage][root]") {
    if (!is_root())
        return;
    const StorageHost host;
    const auto volume = host.volume();
    REQUIRE(::mkdir((host.folder() + "/elsewhere").c_str(), 0755) == 0);
    REQUIRE(::symlink("elsewhere", volume.private_area.c_str()) == 0);
    for (const auto& layout : {make_dir_storage(), make_overlay_storage(), make_btrfs_storage()})
        OK(layout->remove(volume));
    CHECK(sys::exists(host.folder() + "/elsewhere"));
    CHECK_FALSE(sys::exists(volume.private_area));
}
