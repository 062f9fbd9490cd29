// SPDX-License-Identifier: GPL-2.0-or-later
// Reading backups for real; needs root, because owners and user namespaces do.
#include "backup_builder.hpp"
#include "catch.hpp"
#include "tar_builder.hpp"

#include "vz/sys/mount.hpp"
#include "vz/sys/userns.hpp"
#include "vz/unpack/backup.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <random>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

using namespace vz;
using backup::Type;

namespace {

using B = BackupBuilder;

bool is_root() {
    if (::geteuid() == 0)
        return true;
    WARN("skipped: needs root");
    return false;
}

class Scene {
public:
    Scene() {
        char name[] = "/tmp/vz-restore-test.XXXXXX";
        m_path = ::mkdtemp(name);
        REQUIRE(sys::make_dirs(m_path + "/target"));
        REQUIRE(sys::make_dirs(m_path + "/depot"));
    }
    ~Scene() {
        const auto parent = sys::Dir::open("/tmp");
        (void)parent->remove_tree(m_path.substr(5));
    }

    std::string path(const std::string& name) const { return m_path + "/" + name; }
    sys::Dir target() const { return *sys::Dir::open(path("target")); }
    B builder() const { return B(path("depot")); }

    Result<backup::Restored> run(const std::string& id, const std::vector<std::string>& only = {},
                                 decltype(unpack::restore_backup)* work = unpack::restore_backup) const {
        const auto userns = sys::make_userns({2147352576, 2147352576, 65536});
        REQUIRE(userns);
        const sys::Dir mount(*sys::clone_mount_mapped(path("target"), *userns));
        const auto depot = backup::Depot::open(path("depot"));
        return work({*depot, id, mount, *userns, only});
    }

    void refuses(const std::string& id, const std::string& reason) const {
        INFO(reason);
        const auto result = run(id);
        REQUIRE_FALSE(result);
        INFO(result.error().what);
        CHECK(result.error().code == Errc::failed);
        CHECK(result.error().what.find(reason) != std::string::npos);
        CHECK(target().list()->empty());
    }

private:
    std::string m_path;
};

B whole(const Scene& scene) {
    auto out = scene.builder();
    auto su = B::file("etc/su", "program", 04755);
    su.uid = 7;
    su.gid = 65534;
    su.attributes = {{"user.a", std::string("x\0y", 3)}};
    auto fifo = B::entry(Type::fifo, "fifo", 0640);
    fifo.uid = 1;
    auto device = B::entry(Type::char_device, "device", 0660);
    device.major = 7;
    device.minor = 300;
    out.add(B::entry(Type::folder, ".", 0711))
        .add(B::entry(Type::folder, "etc", 02750))
        .add(B::file("etc/motd", "hello\n", 0600))
        .add(su)
        .add(B::file("etc/empty", ""))
        .add(B::file("odd\n\x01\xff name", "odd"))
        .add(B::link(Type::symlink, "link", "/etc/shadow"))
        .add(B::link(Type::hard_link, "su2", "etc/su"))
        .add(fifo)
        .add(device)
        .add(B::link(Type::hard_link, "device2", "device"));
    TarBuilder tar;
    tar.folder("./").folder("./etc/").file("./etc/motd", "hello\n").file("./etc/su", "program");
    tar.file("./odd\n\x01\xff name", "odd");
    out.archive(tar.finished());
    return out;
}

std::string content_of(const Scene& scene, const std::string& path) {
    return scene.target().read_file(path)->value_or("absent");
}

} // namespace

TEST_CASE("restore makes every kind of file", "[backup][root]") {
    if (!is_root())
        return;
    const Scene scene;
    const auto done = scene.run(whole(scene).write());
    if (!done)
        FAIL(done.error().what);
    CHECK(done->entries == 11);
    REQUIRE(done->left.size() == 2); // devices are the host's to make
    CHECK(done->left[0].path == "device");
    CHECK(done->left[0].minor == 300);
    const auto root = scene.target();
    CHECK(content_of(scene, "etc/motd") == "hello\n");
    CHECK(content_of(scene, "odd\n\x01\xff name") == "odd");
    const auto su = **root.stat("etc/su");
    CHECK((su.st_mode & 07777) == 04755);
    CHECK(su.st_uid == 7);
    CHECK(su.st_gid == 65534);
    CHECK(su.st_mtim.tv_sec == 1'600'000'000);
    CHECK(su.st_mtim.tv_nsec == 123'456'789);
    CHECK((**root.stat("su2")).st_ino == su.st_ino);
    char value[10];
    CHECK(::getxattr(scene.path("target/etc/su").c_str(), "user.a", value, sizeof value) == 3);
    CHECK(*root.read_symlink("link") == "/etc/shadow");
    CHECK(S_ISFIFO((**root.stat("fifo")).st_mode));
    CHECK((**root.stat("fifo")).st_uid == 1);
    CHECK((**root.stat("etc")).st_mode == (S_IFDIR | 02750));
    CHECK((**root.stat("etc")).st_mtim.tv_nsec == 123'456'789);
    CHECK((**root.stat(".")).st_mode == (S_IFDIR | 0711));
    CHECK((**root.stat("etc/empty")).st_size == 0);
}

TEST_CASE("restore takes the content that the manifest means", "[backup][root]") {
    if (!is_root())
        return;
    const Scene scene;
    auto made = scene.builder();
    auto moved = B::file("new", "first");
    moved.member = "old/name";
    auto second = B::file("twice", "good");
    second.archive = 1;
    const std::string large(9 << 20, 'x');
    auto big = B::file("big", large);
    big.archive = 1;
    made.add(B::entry(Type::folder, ".")).add(moved).add(second).add(big);
    TarBuilder a;
    a.file("./old/name", "first").file("./twice", "olds");
    TarBuilder b;
    b.file("./twice", "evil").file("./twice", "good").file("./twice", "late");
    b.file("./big", std::string(9 << 20, 'y')).file("./big", large).file("./etc/other", "not meant");
    made.archive(a.finished()).archive(b.finished());
    const auto done = scene.run(made.write());
    if (!done)
        FAIL(done.error().what);
    CHECK(content_of(scene, "new") == "first");
    CHECK(content_of(scene, "twice") == "good");
    CHECK((**scene.target().stat("big")).st_size == 9 << 20);
    CHECK(::system(("cmp -s " + scene.path("target/big") + " /dev/zero").c_str()) != 0);
    CHECK(scene.target().list()->size() == 3);
}

TEST_CASE("restore puts changes on a template's files", "[backup][root]") {
    if (!is_root())
        return;
    const Scene scene;
    const auto root = scene.target();
    REQUIRE(root.make_dirs("etc/deep/er"));
    REQUIRE(root.make_dirs("opaque/gone"));
    REQUIRE(root.make_dirs("was-folder/full"));
    REQUIRE(root.make_dirs("secret"));
    REQUIRE(root.write_file("secret/precious", "template"));
    REQUIRE(root.write_file("etc/stays", "template"));
    REQUIRE(root.write_file("etc/changed", "template"));
    REQUIRE(root.write_file("was-file", "template"));
    REQUIRE(root.make_symlink("../secret/precious", "etc/link"));
    REQUIRE(root.make_symlink("secret", "dirlink"));
    auto opaque = B::entry(Type::folder, "opaque");
    opaque.opaque = true;
    auto made = scene.builder();
    made.head.on_template = {"tiny@0", {"template", 1, std::string(64, '0')}};
    made.add(B::entry(Type::folder, "."))
        .add(B::entry(Type::folder, "etc"))
        .add(B::file("etc/changed", "mine"))
        .add(B::entry(Type::removed, "etc/deep"))
        .add(B::file("etc/link", "no longer"))
        .add(B::entry(Type::folder, "dirlink"))
        .add(B::file("dirlink/precious", "inside"))
        .add(opaque)
        .add(B::file("opaque/new", "new"))
        .add(B::entry(Type::folder, "was-file"))
        .add(B::file("was-folder", "plain"));
    TarBuilder tar;
    tar.file("./etc/changed", "mine").file("./etc/link", "no longer").file("./dirlink/precious", "inside");
    tar.file("./opaque/new", "new").file("./was-folder", "plain");
    made.archive(tar.finished());
    const auto done = scene.run(made.write());
    if (!done)
        FAIL(done.error().what);
    CHECK(content_of(scene, "etc/stays") == "template");
    CHECK(content_of(scene, "etc/changed") == "mine");
    CHECK_FALSE(*root.stat("etc/deep"));
    CHECK(content_of(scene, "secret/precious") == "template"); // nothing was written through the links
    CHECK(S_ISREG((**root.stat("etc/link")).st_mode));
    CHECK(S_ISDIR((**root.stat("dirlink")).st_mode));
    CHECK(*root.list("opaque") == std::vector<std::string>{"new"});
    CHECK(S_ISDIR((**root.stat("was-file")).st_mode));
    CHECK(content_of(scene, "was-folder") == "plain");
}

TEST_CASE("a backup on no template is all there is", "[backup][root]") {
    if (!is_root())
        return;
    const Scene scene;
    REQUIRE(scene.target().make_dirs("lost+found/deep"));
    auto made = scene.builder();
    made.add(B::entry(Type::folder, ".")).add(B::file("a", "x"));
    made.archive(TarBuilder().file("./a", "x").finished());
    REQUIRE(scene.run(made.write()));
    CHECK(*scene.target().list() == std::vector<std::string>{"a"});
}

TEST_CASE("restore takes a part of a backup", "[backup][root]") {
    if (!is_root())
        return;
    const Scene scene;
    const auto id = whole(scene).write();
    REQUIRE(scene.run(id, {"etc/motd", "su2"}));
    const auto root = scene.target();
    CHECK(*root.list() == std::vector<std::string>{"etc", "su2"});
    CHECK(*root.list("etc") == std::vector<std::string>{"motd"});
    CHECK(content_of(scene, "su2") == "program"); // its first name is not among them
    CHECK((**root.stat("su2")).st_uid == 7);
    const auto absent = scene.run(id, {"etc/none"});
    REQUIRE_FALSE(absent);
    CHECK(absent.error().code == Errc::bad_value);
}

TEST_CASE("hostile manifests are refused whole", "[backup][root]") {
    if (!is_root())
        return;
    const auto refuses = [](const std::vector<backup::Entry>& entries, const std::string& reason) {
        const Scene scene;
        auto made = scene.builder();
        made.add(B::entry(Type::folder, "."));
        for (const auto& entry : entries)
            made.add(entry);
        made.archive(TarBuilder().file("./a", "x").finished());
        scene.refuses(made.write(), reason);
    };
    auto elsewhere = B::file("a", "x");
    elsewhere.archive = 1;
    auto whiteout = B::entry(Type::char_device, "a");
    auto other_name = B::file("b", "x");
    other_name.member = "a";
    refuses({B::file("a", "x"), B::file("a", "x")}, "is there twice");
    refuses({B::file("a", "x"), B::file("a/b", "x")}, "lies in no folder");
    refuses({B::link(Type::symlink, "a", "/etc"), B::file("a/b", "x")}, "lies in no folder");
    refuses({B::file("none/b", "x")}, "lies in no folder");
    refuses({B::link(Type::hard_link, "b", "a"), B::file("a", "x")}, "not an earlier file");
    refuses({B::entry(Type::folder, "a"), B::link(Type::hard_link, "b", "a")}, "not an earlier file");
    refuses({elsewhere}, "archive");
    refuses({whiteout}, "device 0:0");
    refuses({B::file("a", "x"), other_name}, "shares its content");
    refuses({B::file("../a", "x")}, "damaged line");
    refuses({B::file("/a", "x")}, "damaged line");
}

TEST_CASE("content that is not what the manifest says is found", "[backup][root]") {
    if (!is_root())
        return;
    for (const std::string& content : {std::string("hello"), std::string(9 << 20, 'b')}) {
        const Scene scene;
        auto made = scene.builder();
        auto other = content;
        other[0] = 'J';
        made.add(B::entry(Type::folder, ".")).add(B::file("a", content));
        made.archive(TarBuilder().file("./a", other).finished());
        const auto id = made.write();
        const auto done = scene.run(id);
        REQUIRE_FALSE(done);
        CHECK(done.error().what.find("'a' has another SHA-256") != std::string::npos);
        CHECK_FALSE(*scene.target().stat("a"));
        CHECK_FALSE(scene.run(id, {}, unpack::verify_backup));
    }
    const Scene scene;
    auto made = scene.builder();
    made.add(B::entry(Type::folder, ".")).add(B::file("a", "x"));
    made.archive(TarBuilder().file("./b", "x").finished());
    const auto done = scene.run(made.write());
    REQUIRE_FALSE(done);
    CHECK(done.error().what.find("'a' is missing") != std::string::npos);
}

TEST_CASE("a missing or shorter part is named", "[backup][root]") {
    if (!is_root())
        return;
    const Scene scene;
    auto made = whole(scene);
    const auto id = made.write();
    const auto part = scene.path("depot/" + made.head.archives[0].name);
    const auto bytes = **sys::read_file(part);
    REQUIRE(sys::write_file_atomic(part, bytes.substr(1)));
    scene.refuses(id, made.head.archives[0].name);
    ::unlink(part.c_str());
    scene.refuses(id, "missing");
}

TEST_CASE("a flipped bit anywhere is found and the part named", "[backup][root]") {
    if (!is_root())
        return;
    constexpr std::size_t k_step = 20;
    const Scene scene;
    auto made = whole(scene);
    const auto id = made.write();
    REQUIRE(scene.run(id, {}, unpack::verify_backup));
    for (const auto& name : {made.head.archives[0].name, made.head.manifest.name, id + ".json"}) {
        const auto path = scene.path("depot/" + name);
        const auto good = **sys::read_file(path);
        // Others in each run; what fails is told by its byte.
        for (std::size_t at = std::random_device()() % k_step; at < good.size(); at += k_step) {
            auto bad = good;
            bad[at] = static_cast<char>(bad[at] ^ (1 << at % 8));
            REQUIRE(sys::write_file_atomic(path, bad));
            INFO(name << " byte " << at);
            const auto restored = scene.run(id);
            REQUIRE_FALSE(restored);
            CHECK(restored.error().what.find(name) != std::string::npos);
            CHECK(scene.target().list()->empty());
            CHECK_FALSE(scene.run(id, {}, unpack::verify_backup));
        }
        REQUIRE(sys::write_file_atomic(path, good));
    }
    REQUIRE(scene.run(id, {}, unpack::verify_backup));
}

TEST_CASE("a backup comes out as a tar archive", "[backup][root]") {
    if (!is_root())
        return;
    const Scene scene;
    const auto id = whole(scene).write();
    const auto userns = sys::make_userns({2147352576, 2147352576, 65536});
    const sys::Dir mount(*sys::clone_mount_mapped(scene.path("target"), *userns));
    const auto depot = backup::Depot::open(scene.path("depot"));
    const auto file = scene.path("out.tar");
    {
        const sys::Fd out(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        REQUIRE(unpack::write_backup_tar({*depot, id, mount, *userns}, out));
    }
    const auto run = [&](const std::string& command) { return ::system(command.c_str()); };
    REQUIRE(run("tar --xattrs --xattrs-include='*' -xpf " + file + " -C " + scene.path("target")) == 0);
    const auto root = scene.target();
    CHECK(content_of(scene, "etc/motd") == "hello\n");
    CHECK(content_of(scene, "odd\n\x01\xff name") == "odd");
    CHECK((**root.stat("etc/su")).st_mode == (S_IFREG | 04755));
    CHECK((**root.stat("etc/su")).st_mtim.tv_nsec == 123'456'789);
    CHECK((**root.stat("su2")).st_ino == (**root.stat("etc/su")).st_ino);
    CHECK((**root.stat("etc")).st_mode == (S_IFDIR | 02750));
    CHECK(*root.read_symlink("link") == "/etc/shadow");
    CHECK((**root.stat("device")).st_rdev == makedev(7, 300));
}
