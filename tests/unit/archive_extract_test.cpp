// SPDX-License-Identifier: GPL-2.0-or-later
// Unpacking for real; needs root, because owners and user namespaces do.
#include "catch.hpp"
#include "tar_builder.hpp"

#include "vz/archive/digest.hpp"
#include "vz/archive/extract.hpp"
#include "vz/archive/kind.hpp"
#include "vz/archive/pack.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/mount.hpp"
#include "vz/sys/process.hpp"
#include "vz/sys/userns.hpp"
#include "vz/unpack/unpack.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

using namespace vz;

namespace {

class Scene {
public:
    Scene() {
        char name[] = "/tmp/vz-archive-test.XXXXXX";
        m_path = ::mkdtemp(name);
        REQUIRE(sys::make_dirs(m_path + "/target"));
    }
    ~Scene() {
        const auto parent = sys::Dir::open("/tmp");
        (void)parent->remove_tree(m_path.substr(5));
    }

    std::string path(const std::string& name) const { return m_path + "/" + name; }
    sys::Dir target() const { return *sys::Dir::open(path("target")); }

    std::string put(const std::string& bytes, const std::string& name = "a.tar") const {
        REQUIRE(sys::write_file_atomic(path(name), bytes));
        return path(name);
    }

    Result<archive::Summary> run(const std::string& file, archive::Limits limits = {},
                                 decltype(unpack::extract)* work = unpack::extract) const {
        const auto userns = sys::make_userns({2147352576, 2147352576, 65536});
        REQUIRE(userns);
        const sys::Dir mount(*sys::clone_mount_mapped(path("target"), *userns));
        return work({file, mount, *userns, limits});
    }

    // Refused, and nothing written.
    void refuses(const std::string& file, const std::string& reason) const {
        INFO(reason);
        const auto result = run(file);
        REQUIRE_FALSE(result);
        INFO(result.error().what);
        CHECK(result.error().code == Errc::bad_template);
        CHECK(result.error().what.find(reason) != std::string::npos);
        CHECK(target().list()->empty());
    }

    std::string compressed(const std::string& bytes, const std::string& program) const {
        sys::Command command({program, "-c"});
        command.input = bytes;
        return *sys::run_checked(command);
    }

private:
    std::string m_path;
};

bool is_root() {
    if (::geteuid() == 0)
        return true;
    WARN("skipped: needs root");
    return false;
}

TarBuilder good() {
    TarBuilder tar;
    tar.folder("./")
        .folder("./etc/")
        .file("./etc/motd", "hello\n", 0600)
        .add('0', "./su", "program", {.mode = 04755, .uid = 7, .gid = 65534})
        .hard_link("./su2", "./su")
        .symlink("./link", "/etc/shadow")
        .add('6', "./fifo", "", {.mode = 0640, .uid = 1})
        .char_device("./dev/null", 1, 3)
        .file("./implied/folder/file", std::string(3000, 'z'));
    return tar;
}

} // namespace

TEST_CASE("extract keeps owners, modes, times and links", "[archive][root]") {
    if (!is_root())
        return;
    const Scene scene;
    const auto summary = scene.run(scene.put(good().finished()));
    if (!summary)
        FAIL(summary.error().what);
    CHECK(summary->entries == 9);
    const auto root = scene.target();
    CHECK(**root.read_file("etc/motd") == "hello\n");
    const auto su = **root.stat("su");
    CHECK((su.st_mode & 07777) == 04755);
    CHECK(su.st_uid == 7);
    CHECK(su.st_gid == 65534);
    CHECK(su.st_mtim.tv_sec == 1700000000);
    CHECK((**root.stat("su2")).st_ino == su.st_ino);
    CHECK(*root.read_symlink("link") == "/etc/shadow");
    CHECK(S_ISFIFO((**root.stat("fifo")).st_mode));
    CHECK((**root.stat("etc")).st_mtim.tv_sec == 1700000000);
    CHECK_FALSE(*root.stat("dev/null"));
    CHECK((**root.stat("implied/folder/file")).st_size == 3000);
}

TEST_CASE("all compressions are told by their first bytes", "[archive][root]") {
    if (!is_root())
        return;
    for (const char* program : {"gzip", "bzip2", "xz", "zstd"}) {
        INFO(program);
        const Scene scene;
        const auto packed = scene.compressed(good().finished(), program);
        REQUIRE(scene.run(scene.put(packed)));
        CHECK(**scene.target().read_file("etc/motd") == "hello\n");
    }
}

TEST_CASE("truncated and damaged archives are refused whole", "[archive][root]") {
    if (!is_root())
        return;
    const Scene scene;
    TarBuilder tar = good();
    std::string noise;
    for (int i = 0; i < 40000; ++i)
        noise += static_cast<char>((i * 7919) >> 3);
    tar.file("noise", noise);
    const auto whole = tar.finished();
    for (std::size_t cut : {std::size_t{0}, std::size_t{100}, std::size_t{512}, std::size_t{1536},
                            whole.size() / 2, tar.unfinished().size(), whole.size() - 512})
        scene.refuses(scene.put(whole.substr(0, cut)), "");
    for (const char* program : {"gzip", "bzip2", "xz", "zstd"}) {
        INFO(program);
        const auto packed = scene.compressed(whole, program);
        for (std::size_t cut :
             {std::size_t{3}, std::size_t{20}, packed.size() / 2, packed.size() - 9, packed.size() - 1}) {
            INFO("cut at " << cut);
            scene.refuses(scene.put(packed.substr(0, cut)), "");
        }
        for (std::size_t at : {packed.size() / 2, packed.size() - 5}) {
            INFO("damaged at " << at << " of " << packed.size());
            auto damaged = packed;
            damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
            scene.refuses(scene.put(damaged), "");
        }
        // Behind the last stream of bzip2 anything may stand: nobody reads it, and the content is proven by
        // then.
        if (std::string_view(program) != "bzip2")
            scene.refuses(scene.put(packed + "junk"), "");
    }
    auto damaged = whole;
    damaged[700] ^= 1; // inside a header: its checksum tells
    scene.refuses(scene.put(damaged), "");
    scene.refuses(scene.put(whole + "junk"), "after the end");
}

TEST_CASE("foreign formats are refused", "[archive][root]") {
    if (!is_root())
        return;
    const Scene scene;
    scene.refuses(scene.put("hello, this is no archive at all"), "not a tar archive");
    scene.refuses(scene.put(std::string("PK\003\004") + std::string(2000, 'x')), "not a tar archive");
    scene.refuses(scene.put("070701" + std::string(2000, '0')), "not a tar archive");
    scene.refuses(scene.put(std::string(10240, '\0')), "");
    scene.refuses("/dev/null", "not a regular file");
}

TEST_CASE("hostile members are refused before anything is written", "[archive][root]") {
    if (!is_root())
        return;
    const Scene scene;
    const auto refuses = [&](TarBuilder tar, const char* reason) {
        scene.refuses(scene.put(tar.finished()), reason);
    };
    refuses(good().file("../escape"), "'..'");
    refuses(good().file("/absolute"), "absolute");
    refuses(good().folder("etc/").symlink("etc", "/"), "twice");
    refuses(good().symlink("out", "/").file("out/x"), "not a folder");
    refuses(good().hard_link("h", "/etc/shadow"), "outside");
    refuses(good().hard_link("h", "../x"), "outside");
    refuses(good().hard_link("h", "link"), "not an earlier file");
    refuses(good().block_device("dev/sda", 8, 0), "block device");
    refuses(good().char_device("dev/mem", 1, 1), "character device");
    refuses(good().add('0', "x", "", {.uid = 70000}), "owner");
}

TEST_CASE("limits and space are checked first", "[archive][root]") {
    if (!is_root())
        return;
    const Scene scene;
    const auto file = scene.put(good().finished());
    CHECK(scene.run(file, {.max_entries = 3}).error().code == Errc::bad_template);
    CHECK(scene.run(file, {.max_bytes = 4096}).error().code == Errc::bad_template);
    CHECK(scene.target().list()->empty());
}

TEST_CASE("pack and extract keep capabilities, attributes and ACLs", "[archive][root]") {
    if (!is_root())
        return;
    const Scene scene;
    const auto source = scene.path("source");
    REQUIRE(sys::make_dirs(source + "/d"));
    REQUIRE(sys::write_file_atomic(source + "/f", "data", 0755));
    REQUIRE(sys::write_file_atomic(source + "/\xc3\xa9t\xc3\xa9", "utf8"));
    REQUIRE(sys::write_file_atomic(source + "/bad\xff", "bytes"));
    const std::string capability(
        "\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20);
    REQUIRE(::setxattr((source + "/f").c_str(), "security.capability", capability.data(), capability.size(),
                       0) == 0);
    REQUIRE(::setxattr((source + "/f").c_str(), "user.note", "n", 1, 0) == 0);
    REQUIRE(sys::run_checked(sys::Command({"chown", "5:6", source + "/d"})));
    const std::string acl("\x02\0\0\0"
                          "\x01\0\x07\0\xff\xff\xff\xff"
                          "\x02\0\x07\0\xe8\x03\0\0"
                          "\x04\0\x05\0\xff\xff\xff\xff"
                          "\x10\0\x07\0\xff\xff\xff\xff"
                          "\x20\0\x05\0\xff\xff\xff\xff",
                          44);
    for (const char* name : {"system.posix_acl_access", "system.posix_acl_default"})
        REQUIRE(::setxattr((source + "/d").c_str(), name, acl.data(), acl.size(), 0) == 0);

    const auto pack = [&](const std::string& file) {
        const sys::Fd out(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
        const auto root = sys::Dir::open(source);
        const auto done = archive::pack({*root, out, 1600000000});
        if (!done)
            FAIL(done.error().what);
    };
    pack(scene.path("one"));
    pack(scene.path("two"));
    CHECK(*archive::sha256_of_file(scene.path("one")) == *archive::sha256_of_file(scene.path("two")));
    CHECK(*archive::archive_suffix(scene.path("one")) == ".tar.zst");

    const auto done = scene.run(scene.path("one"));
    if (!done)
        FAIL(done.error().what);
    const auto target = scene.path("target");
    char value[256];
    REQUIRE(::getxattr((target + "/f").c_str(), "user.note", value, sizeof value) == 1);
    // On disk the capability names root as the tree's own root: id 0, natural like all owners.
    const auto size = ::getxattr((target + "/f").c_str(), "security.capability", value, sizeof value);
    CHECK(size == 20);
    CHECK(std::string(value, 20).substr(0, 20) == capability);
    for (const char* name : {"system.posix_acl_access", "system.posix_acl_default"}) {
        REQUIRE(::getxattr((target + "/d").c_str(), name, value, sizeof value) == 44);
        CHECK(std::string(value, 44) == acl);
    }
    CHECK((**scene.target().stat("d")).st_uid == 5);
    CHECK((**scene.target().stat("f")).st_mtim.tv_sec == 1600000000);
    CHECK(*scene.target().stat("\xc3\xa9t\xc3\xa9"));
    CHECK(*scene.target().stat("bad\xff"));

    SECTION("compare finds no difference") {
        const auto same = scene.run(scene.path("one"), {}, unpack::compare);
        if (!same)
            FAIL(same.error().what);
    }
    SECTION("compare finds a changed byte") {
        struct stat st {};
        REQUIRE(::stat((target + "/f").c_str(), &st) == 0);
        {
            const sys::Fd fd(::open((target + "/f").c_str(), O_WRONLY));
            REQUIRE(::pwrite(fd.get(), "D", 1, 0) == 1);
            const timespec times[2] = {st.st_atim, st.st_mtim};
            REQUIRE(::futimens(fd.get(), times) == 0);
        }
        // Writing also took the capability away.
        REQUIRE(::setxattr((target + "/f").c_str(), "security.capability", capability.data(), 20, 0) == 0);
        const auto result = scene.run(scene.path("one"), {}, unpack::compare);
        REQUIRE_FALSE(result);
        CHECK(result.error().what.find("content differs") != std::string::npos);
    }
    SECTION("compare finds an additional file") {
        REQUIRE(sys::write_file_atomic(target + "/d/extra", ""));
        struct stat st {};
        const timespec times[2] = {{1600000000, 0}, {1600000000, 0}};
        REQUIRE(::stat((target + "/d").c_str(), &st) == 0);
        REQUIRE(::utimensat(AT_FDCWD, (target + "/d").c_str(), times, 0) == 0);
        const auto result = scene.run(scene.path("one"), {}, unpack::compare);
        REQUIRE_FALSE(result);
        CHECK(result.error().what.find("not in the archive") != std::string::npos);
    }
}

TEST_CASE("sparse files of GNU tar stay sparse", "[archive][root]") {
    if (!is_root())
        return;
    const Scene scene;
    REQUIRE(sys::make_dirs(scene.path("source")));
    REQUIRE(sys::run_checked(sys::Command({"truncate", "-s", "8M", scene.path("source/hole")})));
    REQUIRE(sys::run_checked(
        sys::Command({"tar", "-S", "-C", scene.path("source"), "-cf", scene.path("s.tar"), "."})));
    REQUIRE(scene.run(scene.path("s.tar")));
    const auto st = **scene.target().stat("hole");
    CHECK(st.st_size == 8 << 20);
    CHECK(st.st_blocks < 64);
}

// A pax record is "LENGTH KEY=VALUE\n", and the length counts its own digits.
std::string pax_record(const std::string& key, const std::string& value) {
    const auto rest = " " + key + "=" + value + "\n";
    auto length = rest.size() + 2;
    while (std::to_string(length).size() + rest.size() != length)
        ++length;
    return std::to_string(length) + rest;
}

TEST_CASE("names in ACLs are those of the archive's own accounts", "[archive][root]") {
    if (!is_root())
        return;
    const Scene scene;
    const auto acl = pax_record("SCHILY.acl.access", "user::rw-\nuser:mail:r--\nuser:nobody-has-this:r--\n"
                                                     "group::r--\ngroup:mail:r--\nmask::r--\nother::---\n");
    // The accounts come last, and with other numbers than on any host.
    const auto file = scene.put(TarBuilder()
                                    .add('x', "pax", acl, {})
                                    .file("f", "data", 0640)
                                    .file("etc/passwd", "mail:x:4321:1::/:/bin/sh\nmail:x:1:1::/:\n")
                                    .file("etc/group", "mail:x:1234:\n")
                                    .finished());
    const auto done = scene.run(file);
    if (!done)
        FAIL(done.error().what);
    char value[256];
    const auto size =
        ::getxattr(scene.path("target/f").c_str(), "system.posix_acl_access", value, sizeof value);
    const std::string wanted("\x02\0\0\0"
                             "\x01\0\x06\0\xff\xff\xff\xff"
                             "\x02\0\x04\0\xe1\x10\0\0"
                             "\x04\0\x04\0\xff\xff\xff\xff"
                             "\x08\0\x04\0\xd2\x04\0\0"
                             "\x10\0\x04\0\xff\xff\xff\xff"
                             "\x20\0\x00\0\xff\xff\xff\xff",
                             52);
    REQUIRE(size == 52);
    CHECK(std::string(value, 52) == wanted);
    const auto same = scene.run(file, {}, unpack::compare);
    if (!same)
        FAIL(same.error().what);
}

TEST_CASE("zeros that an archive spells out become holes", "[archive][root]") {
    if (!is_root())
        return;
    const Scene scene;
    auto content = std::string(1 << 20, '\0');
    content[5] = 'a';
    content[600000] = 'b';
    const auto file =
        scene.put(TarBuilder().file("f", content).file("all", std::string(9000, '\0')).finished());
    REQUIRE(scene.run(file));
    CHECK(**scene.target().read_file("f", 2 << 20) == content);
    CHECK((**scene.target().stat("f")).st_blocks <= 3 * 8);
    CHECK(**scene.target().read_file("all") == std::string(9000, '\0'));
    CHECK((**scene.target().stat("all")).st_blocks == 0);
}

TEST_CASE("sha256 of known text", "[archive]") {
    CHECK(archive::sha256_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
