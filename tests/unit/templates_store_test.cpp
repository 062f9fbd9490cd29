// SPDX-License-Identifier: GPL-2.0-or-later
#include "catch.hpp"
#include "tar_builder.hpp"

#include "vz/base/text.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"
#include "vz/templates/name.hpp"
#include "vz/templates/store.hpp"

#include <cstdlib>
#include <sys/stat.h>
#include <unistd.h>

using namespace vz;
using namespace vz::templates;

namespace {

class Scene {
public:
    Scene() {
        char name[] = "/tmp/vz-store-test.XXXXXX";
        m_path = ::mkdtemp(name);
        store.emplace(m_path + "/template");
    }
    ~Scene() { (void)sys::Dir::open("/tmp")->remove_tree(m_path.substr(5)); }

    std::string path(const std::string& name) const { return m_path + "/" + name; }
    std::string put(const std::string& name, const std::string& bytes) const {
        REQUIRE(sys::make_dirs(path("template/cache")));
        REQUIRE(sys::write_file_atomic(path(name), bytes));
        return path(name);
    }
    std::vector<std::string> files(const std::string& folder) const {
        return *sys::Dir::open(path(folder))->list();
    }

    std::optional<Store> store;

private:
    std::string m_path;
};

std::string guest(const std::string& motd = "hello") {
    return TarBuilder()
        .folder("./")
        .folder("./sbin/")
        .file("./sbin/init", "#!", 0755)
        .file("./usr/bin/dash", "#!", 0755)
        .symlink("./bin", "/usr/bin")
        .symlink("./usr/bin/sh", "dash")
        .file("./etc/motd", motd)
        .finished();
}

InUse used_by(std::vector<std::string> ids) {
    return [ids]() -> Result<std::vector<std::string>> { return ids; };
}

bool is_root() {
    if (::geteuid() == 0)
        return true;
    WARN("skipped: needs root");
    return false;
}

} // namespace

TEST_CASE("template names are safe file names", "[templates]") {
    for (const char* name : {"debian-13-x86_64-minimal", "a", "7.0", "x+y_z"})
        CHECK(is_template_name(name));
    for (const char* name : {"", ".", "..", ".x", "-x", "a/b", "a b", "a\n", "a@b", "\xc3\xa9"})
        CHECK_FALSE(is_template_name(name));
    CHECK_FALSE(is_template_name(std::string(129, 'a')));
    CHECK(name_of_archive("debian-7.0-x86.tar.gz") == "debian-7.0-x86");
    CHECK_FALSE(name_of_archive(".x.tar.gz"));
    CHECK_FALSE(name_of_archive(".tar.gz"));
    CHECK_FALSE(name_of_archive("x.zip"));
    CHECK(tree_id("a", std::string(64, 'b')) == "a@bbbbbbbbbbbb");
    CHECK(name_of_tree("a@bbbbbbbbbbbb") == "a");
    CHECK_FALSE(name_of_tree("a@bbbbbbbbbbb"));
    CHECK_FALSE(name_of_tree("a@bbbbbbbbbbbX"));
    CHECK_FALSE(name_of_tree(".tmp-a@bbbbbbbbbbbb"));
}

TEST_CASE("an archive dropped in by hand is found and unpacked once", "[templates][root]") {
    if (!is_root())
        return;
    const Scene scene;
    scene.put("template/cache/classic-1.tar", guest());
    const auto found = scene.store->find("classic-1");
    REQUIRE(found);
    CHECK_FALSE(found->tree_ready);
    CHECK_FALSE(found->manifest);
    const auto ready = scene.store->ensure_tree(*found, silent_reporter());
    if (!ready)
        FAIL(ready.error().what);
    CHECK(ready->tree_ready);
    CHECK(*sys::read_file(ready->tree_path + "/etc/motd") == "hello");
    struct stat st {};
    REQUIRE(::stat(scene.path("template/tree").c_str(), &st) == 0);
    CHECK((st.st_mode & 07777) == 0700);
    REQUIRE(::stat((ready->tree_path + "/etc/motd").c_str(), &st) == 0);
    CHECK(st.st_uid == 0);
    CHECK(scene.files("template/tree") == std::vector<std::string>{ready->tree_id});
    CHECK(scene.store->ensure_tree(*found, silent_reporter()));
    CHECK(scene.store->verify("classic-1", silent_reporter()));
}

TEST_CASE("a replaced archive is another template tree", "[templates][root]") {
    if (!is_root())
        return;
    const Scene scene;
    scene.put("template/cache/t.tar", guest("one"));
    const auto one = *scene.store->find("t");
    REQUIRE(scene.store->ensure_tree(one, silent_reporter()));
    scene.put("template/cache/t.tar", guest("two"));
    const auto two = *scene.store->find("t");
    CHECK(one.tree_id != two.tree_id);
    // Whoever still holds the old description cannot get the new content under the old name.
    REQUIRE(scene.store->remove("t", used_by({}), DryRun::no));
    scene.put("template/cache/t.tar", guest("two"));
    const auto stale = scene.store->ensure_tree(one, silent_reporter());
    REQUIRE_FALSE(stale);
    CHECK(stale.error().what.find("changed") != std::string::npos);
    CHECK_FALSE(sys::exists(one.tree_path));
}

TEST_CASE("a bad template leaves no tree", "[templates][root]") {
    if (!is_root())
        return;
    const Scene scene;
    const auto refuses = [&](const std::string& bytes, const std::string& reason) {
        scene.put("template/cache/bad.tar", bytes);
        const auto result = scene.store->ensure_tree(*scene.store->find("bad"), silent_reporter());
        REQUIRE_FALSE(result);
        INFO(result.error().what);
        CHECK(result.error().code == Errc::bad_template);
        CHECK(result.error().what.find(reason) != std::string::npos);
        CHECK(scene.files("template/tree").empty());
    };
    refuses(TarBuilder().file("etc/motd").finished(), "no init");
    refuses(TarBuilder().file("sbin/init", "x", 0755).finished(), "no shell");
    refuses(TarBuilder().symlink("sbin", "/../../../../../../usr/sbin").symlink("bin", "/bin").finished(),
            "no init");
    refuses(guest().substr(0, 3000), "");
    CHECK(scene.store->find("absent").error().code == Errc::template_not_found);
    CHECK(scene.store->find("../x").error().code == Errc::bad_value);
}

TEST_CASE("import writes archive, manifest and tree, and replaces what was there", "[templates][root]") {
    if (!is_root())
        return;
    const Scene scene;
    const auto file = scene.put("mine.tar", guest("one"));
    const auto one = scene.store->import(file, "", silent_reporter());
    if (!one)
        FAIL(one.error().what);
    CHECK(one->name == "mine");
    CHECK(one->tree_ready);
    REQUIRE(one->manifest);
    CHECK(one->manifest->sha256 == one->sha256);
    CHECK(scene.store->verify("mine", silent_reporter()));
    scene.put("mine.tar", guest("two"));
    const auto two = scene.store->import(file, "", silent_reporter());
    REQUIRE(two);
    CHECK(*scene.store->prune("mine", used_by({one->tree_id})) == std::vector<std::string>{});
    CHECK(*scene.store->prune("mine", used_by({})) == std::vector<std::string>{one->tree_path});
    CHECK(scene.store->list()->size() == 1);

    SECTION("a folder is packed") {
        const auto three = scene.store->import(two->tree_path, "folder", silent_reporter());
        if (!three)
            FAIL(three.error().what);
        CHECK(three->archive == scene.path("template/cache/folder.tar.zst"));
        CHECK(*sys::read_file(three->tree_path + "/etc/motd") == "two");
    }
    SECTION("a bad file leaves nothing") {
        const auto bad = scene.put("bad.tar", guest().substr(0, 2000));
        CHECK(scene.store->import(bad, "", silent_reporter()).error().code == Errc::bad_template);
        CHECK(scene.store->list()->size() == 1);
        for (const auto& name : scene.files("template/cache"))
            CHECK(name.find("bad") == std::string::npos);
    }
    SECTION("a damaged archive is noticed") {
        scene.put("template/cache/mine.tar", guest("three"));
        CHECK(scene.store->find("mine").error().code == Errc::bad_template);
        CHECK_FALSE(scene.store->verify("mine", silent_reporter()));
    }
    SECTION("killed between the renames of archive and manifest, the new template is whole") {
        const auto json = **sys::read_file(scene.path("template/cache/mine.json"));
        REQUIRE(scene.store->import(scene.put("mine.tar", guest("three")), "", silent_reporter()));
        REQUIRE(::rename(scene.path("template/cache/mine.json").c_str(),
                         scene.path("template/cache/.mine.next.json").c_str()) == 0);
        scene.put("template/cache/mine.json", json);
        const auto found = scene.store->find("mine");
        REQUIRE(found);
        CHECK(found->manifest->sha256 == found->sha256);
    }
}

TEST_CASE("remove keeps what a container uses", "[templates][root]") {
    if (!is_root())
        return;
    const Scene scene;
    const auto made = *scene.store->import(scene.put("x.tar", guest()), "", silent_reporter());
    CHECK_FALSE(scene.store->remove("x", used_by({made.tree_id}), DryRun::no));
    CHECK(scene.store->find("x")->tree_ready);
    const auto planned = scene.store->remove("x", used_by({}), DryRun::yes);
    REQUIRE(planned);
    CHECK(scene.store->find("x")->tree_ready);
    CHECK(*scene.store->remove("x", used_by({}), DryRun::no) == *planned);
    CHECK(scene.files("template/cache").empty());
    CHECK(scene.files("template/tree").empty());
    CHECK(scene.store->remove("x", used_by({}), DryRun::no).error().code == Errc::template_not_found);
}

TEST_CASE("what killed runs left is cleared", "[templates][root]") {
    if (!is_root())
        return;
    const Scene scene;
    REQUIRE(sys::make_dirs(scene.path("template/tree/.tmp-old@000000000000/etc")));
    REQUIRE(sys::make_dirs(scene.path("template/tree/.gone-old@000000000000/etc")));
    scene.put("template/cache/.x.stamp.0a0b.tmp", "");
    scene.put("template/cache/.x.part", "half");
    const auto made = scene.store->import(scene.put("x.tar", guest()), "", silent_reporter());
    REQUIRE(made);
    CHECK(scene.files("template/tree") == std::vector<std::string>{made->tree_id});
    CHECK(scene.files("template/cache") == std::vector<std::string>{".x.stamp", "x.json", "x.tar"});
}

TEST_CASE("two workers on one template exclude each other", "[templates][root]") {
    if (!is_root())
        return;
    const Scene scene;
    const auto held = scene.store->lock("x");
    REQUIRE(held);
    CHECK(scene.store->lock("x").error().code == Errc::locked);
    CHECK(scene.store->lock("y"));
}
