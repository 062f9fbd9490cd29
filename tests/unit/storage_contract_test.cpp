// SPDX-License-Identifier: GPL-2.0-or-later
// The contract that every storage layout keeps. All of it needs root; btrfs is tried on an image of its own,
// lvm and lvmthin where VZ_TEST_VOLUME_GROUP and VZ_TEST_THIN_POOL name some (tests/system).
#include "catch.hpp"

#include "vz/base/text.hpp"
#include "vz/storage/storage.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/mount.hpp"
#include "vz/sys/process.hpp"
#include "vz/sys/random.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <functional>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

using namespace vz;
using namespace vz::storage;

namespace {

constexpr std::uint64_t k_megabyte = 1 << 20;
const std::string k_snapshot = "00000000-0000-4000-8000-000000000001";
const std::string k_other_snapshot = "00000000-0000-4000-8000-000000000002";

bool is_root() {
    if (::geteuid() == 0)
        return true;
    WARN("skipped: needs root");
    return false;
}

// cap_net_raw+ep, as a root of a container's would set it (capabilities(7)).
const std::string
    k_capability("\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20);

// What a template holds; with natural owners.
Result<void> fill_template(const sys::Dir& root) {
    VZ_TRY(root.make_dirs("etc"));
    VZ_TRY(root.make_dirs("bin"));
    VZ_TRY(root.write_file("etc/file", "template"));
    VZ_TRY(root.write_file("etc/other", "template"));
    VZ_TRY(root.write_file("bin/one", "program", 0755));
    VZ_TRY(root.make_symlink("one", "bin/link"));
    const int dir = root.fd();
    if (::fchownat(dir, "etc/file", 33, 33, 0) != 0 || ::linkat(dir, "bin/one", dir, "bin/two", 0) != 0)
        return sys_fail(errno, Errc::system, "fill the template");
    // As an archive keeps them: each copy is as old as the template.
    const timespec times[2] = {{1000000000, 0}, {1000000000, 0}};
    for (const char* path : {"etc/file", "etc/other", "bin/one", "bin/link", "bin", "etc"})
        if (::utimensat(dir, path, times, AT_SYMLINK_NOFOLLOW) != 0)
            return sys_fail(errno, Errc::system, "age the template");
    return {};
}

struct Options {
    bool btrfs_image = false;
};

// A host folder with a template tree, in a mount namespace of the test's own.
class StorageHost {
public:
    explicit StorageHost(Options options = {}) : m_folder("/var/tmp/vz-storage-test." + sys::random_hex(4)) {
        REQUIRE(::unshare(CLONE_NEWNS) == 0);
        REQUIRE(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
        REQUIRE(::mkdir(m_folder.c_str(), 0755) == 0);
        m_on_btrfs = options.btrfs_image;
        if (m_on_btrfs)
            mount_image();
        for (const char* folder : {"/root", "/other", "/tree", "/tree/template@1"})
            REQUIRE(::mkdir((m_folder + folder).c_str(), 0755) == 0);
        REQUIRE(fill_template(*sys::Dir::open(m_folder + "/tree/template@1")));
    }
    ~StorageHost() {
        (void)sys::unmount_all(m_folder + "/root");
        (void)sys::unmount_all(m_folder + "/other");
        (void)sys::unmount_all(m_folder);
        (void)sys::Dir::open("/var/tmp")->remove_tree(m_folder.substr(9));
        (void)::unlink((m_folder + ".img").c_str());
    }
    Volume volume(std::uint32_t number = 101) const {
        Volume volume;
        volume.private_area = m_folder + "/private" + std::to_string(number);
        volume.root = m_folder + (number == 101 ? "/root" : "/other");
        volume.template_tree = m_folder + "/tree/template@1";
        const std::uint32_t base = 1000000 + (number - 101) * 65536;
        volume.ids = {base, base, 65536};
        volume.number = number;
        volume.uuid =
            format("{:08x}-0000-4000-8000-{}", number, m_folder.substr(m_folder.size() - 8) + "0000");
        volume.volume_group = or_empty(::getenv("VZ_TEST_VOLUME_GROUP"));
        volume.thin_pool = or_empty(::getenv("VZ_TEST_THIN_POOL"));
        volume.size = 128 * k_megabyte - 100; // no whole number of sectors
        return volume;
    }
    const std::string& folder() const { return m_folder; }
    bool is_on_btrfs() const { return m_on_btrfs; }

private:
    static std::string or_empty(const char* s) { return s ? s : ""; }

    void mount_image() {
        const auto image = m_folder + ".img";
        REQUIRE(sys::run_checked(sys::Command({"truncate", "-s", "600M", image})));
        REQUIRE(sys::run_checked(sys::Command({"mkfs.btrfs", "-q", image})));
        REQUIRE(sys::run_checked(sys::Command({"mount", "-o", "loop", image, m_folder})));
    }

    std::string m_folder;
    bool m_on_btrfs = false;
};

struct stat look(const std::string& path) {
    struct stat st {};
    INFO(path);
    REQUIRE(::lstat(path.c_str(), &st) == 0);
    return st;
}

std::string content(const std::string& path) {
    const auto read = sys::read_file(path);
    return read && *read ? **read : "(absent)";
}

Result<void> inside(const Volume& volume, const std::function<Result<void>(const sys::Dir&)>& work) {
    const auto userns = sys::make_userns(volume.ids);
    const auto root = sys::Dir::open(volume.root);
    const auto done = sys::run_as_container_root(*userns, [&]() -> Result<std::string> {
        VZ_TRY(work(*root));
        return std::string();
    });
    return done ? Result<void>() : Result<void>(done.error());
}

Result<void> fill(const sys::Dir& target, const sys::Fd& userns) {
    const auto done = sys::run_as_container_root(userns, [&]() -> Result<std::string> {
        VZ_TRY(fill_template(target));
        return std::string();
    });
    return done ? Result<void>() : Result<void>(done.error());
}

Result<void> write_inside(const Volume& volume, const std::string& path, std::uint64_t bytes) {
    return inside(volume, [&](const sys::Dir& root) -> Result<void> {
        VZ_ASSIGN(const auto fd, root.open_at(path, O_WRONLY | O_CREAT | O_TRUNC, 0644));
        const std::string block(k_megabyte, 'x');
        for (std::uint64_t done = 0; done < bytes; done += block.size())
            VZ_TRY(sys::write_all(fd.get(), block));
        return ::fsync(fd.get()) == 0 ? Result<void>() : Result<void>(sys_fail(errno, Errc::system, "fsync"));
    });
}

// All that a copy may lose.
Result<void> make_treasures(const sys::Dir& root) {
    VZ_TRY(root.make_dirs("var/deep/er"));
    VZ_TRY(root.write_file("var/set-id", "x", 04755));
    VZ_TRY(root.write_file("var/capable", "x", 0755));
    VZ_TRY(root.write_file("var/first", "joined"));
    VZ_TRY(root.make_symlink("/etc/passwd", "var/absolute"));
    VZ_TRY(root.write_file("etc/file", "changed"));
    VZ_TRY(root.remove("etc/other"));
    const int dir = root.fd();
    const bool made = ::linkat(dir, "var/first", dir, "var/deep/second", 0) == 0 &&
                      ::mkfifoat(dir, "var/fifo", 0600) == 0 && ::fchownat(dir, "var/deep", 1000, 50, 0) == 0;
    VZ_ASSIGN(const auto holes, root.open_at("var/holes", O_WRONLY | O_CREAT, 0600));
    VZ_ASSIGN(const auto capable, root.open_at("var/capable", O_RDONLY));
    const timespec times[2] = {{1000, 0}, {1000000000, 7}};
    if (!made || ::pwrite(holes.get(), "end", 3, 50 * k_megabyte) != 3 ||
        ::fsetxattr(capable.get(), "security.capability", k_capability.data(), k_capability.size(), 0) != 0 ||
        ::fsetxattr(capable.get(), "user.note", "kept", 4, 0) != 0 || ::futimens(capable.get(), times) != 0)
        return sys_fail(errno, Errc::system, "make treasures");
    return {};
}

// One line for each file: all that must be equal on two containers; owners and attributes as the container
// sees them.
Result<std::string> describe(const sys::Dir& root, const std::string& path = ".") {
    VZ_ASSIGN(const auto names, root.list(path));
    std::string out;
    for (const auto& name : names) {
        const auto below = path == "." ? name : path + "/" + name;
        VZ_ASSIGN(const auto st, root.stat(below));
        VZ_ASSIGN(const auto fd, root.open_at(below, O_PATH | O_NOFOLLOW));
        const auto self = format("/proc/self/fd/{}", fd.get());
        out += format("{} {:o} {}:{} links {} mtime {}.{}", below, st->st_mode, st->st_uid, st->st_gid,
                      S_ISREG(st->st_mode) ? st->st_nlink : 0, st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
        for (const char* key : {"security.capability", "user.note"}) {
            std::array<char, 64> value{};
            const auto size = ::getxattr(self.c_str(), key, value.data(), value.size());
            out += size > 0 ? format(" {}={}", key,
                                     text::printable({value.data(), static_cast<std::size_t>(size)}))
                            : "";
        }
        if (S_ISREG(st->st_mode) && st->st_size < 100)
            out += " " + root.read_file(below)->value_or("");
        if (S_ISREG(st->st_mode) && st->st_size >= 100)
            out += format(" size {} {}", st->st_size, st->st_blocks < 1000 ? "with holes" : "full");
        if (S_ISLNK(st->st_mode))
            out += " -> " + *root.read_symlink(below);
        out += "\n";
        if (S_ISDIR(st->st_mode)) {
            VZ_ASSIGN(const auto more, describe(root, below));
            out += more;
        }
    }
    return out;
}

std::string description(const Storage& layout, const Volume& volume) {
    const auto mount = layout.open(volume);
    INFO((mount ? "" : mount.error().what));
    REQUIRE(mount);
    const sys::Dir root(sys::Fd(::dup(mount->get())));
    const auto userns = sys::make_userns(volume.ids);
    auto text = sys::run_as_container_root(*userns, [&] { return describe(root); });
    INFO((text ? "" : text.error().what));
    REQUIRE(text);
    return *text;
}

void create(const Storage& layout, const Volume& volume) {
    const auto made = layout.create(volume, fill);
    INFO((made ? "" : made.error().what));
    REQUIRE(made);
}

#define OK(expression)                                                                                       \
    do {                                                                                                     \
        const auto ok_done = (expression);                                                                   \
        INFO((ok_done ? std::string() : ok_done.error().what));                                              \
        REQUIRE(ok_done);                                                                                    \
    } while (false)

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
