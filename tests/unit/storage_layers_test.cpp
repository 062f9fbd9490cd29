// SPDX-License-Identifier: GPL-2.0-or-later
// Layers that overlays share: what goes into one, what must not, when it goes away. That copies are whole is
// part of the contract (storage_contract_test.cpp).
#include "storage_host.hpp"

#include "vz/storage/rebase.hpp"

using namespace vz;
using namespace vz::storage;

namespace {

std::size_t count_in(const std::string& folder) {
    const auto dir = sys::Dir::open(folder);
    return dir ? dir->list()->size() : 0;
}

std::string content_inside(const Storage& layout, const Volume& volume, const std::string& path) {
    const auto mount = layout.open(volume);
    INFO((mount ? "" : mount.error().what));
    REQUIRE(mount);
    const sys::Dir root(sys::Fd(::dup(mount->get())));
    return root.read_file(path)->value_or("(absent)");
}

void with_overlays(const std::function<void(const Storage&, const StorageHost&)>& test) {
    if (is_root())
        test(*make_overlay_storage(), StorageHost());
}

// A container with more than is worth copying; not mounted.
void make_large(const Storage& layout, const Volume& volume) {
    create(layout, volume);
    OK(layout.mount(volume));
    OK(write_inside(volume, "large", 20 * k_megabyte));
    OK(layout.unmount(volume));
}

void change(const Storage& layout, const Volume& volume,
            const std::function<Result<void>(const sys::Dir&)>& work) {
    OK(layout.mount(volume));
    OK(inside(volume, work));
    OK(layout.unmount(volume));
}

std::function<Result<void>(const sys::Dir&)> writes(const std::string& path, const std::string& text) {
    return [=](const sys::Dir& root) { return root.write_file(path, text); };
}

} // namespace

TEST_CASE("a clone of much shares a layer with its source", "[storage][root]") {
    with_overlays([](const Storage& layout, const StorageHost& host) {
        const auto layers = host.folder() + "/.layers";
        make_large(layout, host.volume());
        OK(layout.clone(host.volume(), host.volume(102)));
        CHECK(count_in(layers) == 1);
        CHECK_FALSE(sys::exists(host.volume(102).private_area + "/upper/large"));
        OK(layout.clone(host.volume(), host.volume(103))); // nothing new to share
        CHECK(count_in(layers) == 1);
        OK(layout.remove(host.volume()));
        OK(layout.remove(host.volume(103)));
        CHECK(count_in(layers) == 1);
        OK(layout.remove(host.volume(102)));
        CHECK_FALSE(sys::exists(layers));
    });
}

TEST_CASE("little, and what is in use, is copied", "[storage][root]") {
    with_overlays([](const Storage& layout, const StorageHost& host) {
        const auto source = host.volume();
        create(layout, source);
        change(layout, source, writes("etc/new", "little"));
        OK(layout.clone(source, host.volume(102)));
        CHECK_FALSE(sys::exists(host.folder() + "/.layers"));
        OK(layout.remove(host.volume(102)));
        OK(layout.mount(source));
        OK(write_inside(source, "large", 20 * k_megabyte));
        OK(layout.clone(source, host.volume(102)));
        CHECK_FALSE(sys::exists(host.folder() + "/.layers"));
        OK(layout.unmount(source));
        auto elsewhere = host.volume(103); // whose folder sees no layers
        elsewhere.private_area = host.folder() + "/other-place/103";
        REQUIRE(::mkdir((host.folder() + "/other-place").c_str(), 0700) == 0);
        OK(layout.clone(source, elsewhere));
        CHECK_FALSE(sys::exists(host.folder() + "/.layers"));
        CHECK(description(layout, elsewhere) == description(layout, source));
        OK(layout.remove(elsewhere));
        OK(layout.remove(host.volume(102))); // frees the number
        OK(layout.clone(source, host.volume(102)));
        CHECK(count_in(host.folder() + "/.layers") == 1);
        OK(layout.clone(source, elsewhere));
        CHECK(description(layout, elsewhere) == description(layout, source));
        for (const auto& volume : {source, elsewhere, host.volume(102)})
            OK(layout.remove(volume));
    });
}

TEST_CASE("several names of a file of the template stay one file", "[storage][root]") {
    with_overlays([](const Storage& layout, const StorageHost& host) {
        const auto source = host.volume();
        make_large(layout, source);
        change(layout, source, [](const sys::Dir& root) -> Result<void> {
            VZ_ASSIGN(const auto fd, root.open_at("bin/two", O_WRONLY | O_APPEND));
            return sys::write_all(fd.get(), "+");
        });
        OK(layout.clone(source, host.volume(102)));
        for (const auto& volume : {source, host.volume(102)}) {
            CHECK(content_inside(layout, volume, "bin/two") == "program+");
            CHECK(content_inside(layout, volume, "bin/one") == "program+");
            OK(layout.remove(volume));
        }
    });
}

TEST_CASE("snapshots of much share layers, and going back does", "[storage][root]") {
    with_overlays([](const Storage& layout, const StorageHost& host) {
        const auto volume = host.volume();
        const auto layers = host.folder() + "/.layers";
        make_large(layout, volume);
        OK(layout.take_snapshot(volume, k_snapshot));
        CHECK(count_in(layers) == 1);
        change(layout, volume, [](const sys::Dir& root) { return root.remove("large"); });
        change(layout, volume, writes("etc/file", "later"));
        OK(layout.take_snapshot(volume, k_other_snapshot));
        CHECK(count_in(layers) == 1); // little was new
        OK(layout.rollback(volume, k_snapshot));
        CHECK(content_inside(layout, volume, "etc/file") == "template");
        CHECK(description(layout, volume).find("large") != std::string::npos);
        OK(layout.rollback(volume, k_other_snapshot));
        CHECK(content_inside(layout, volume, "etc/file") == "later");
        CHECK(description(layout, volume).find("large") == std::string::npos);
        OK(layout.clone(volume, host.volume(102)));
        OK(layout.remove_snapshot(volume, k_snapshot));
        OK(layout.remove_snapshot(volume, k_other_snapshot));
        CHECK(count_in(layers) == 1);
        OK(layout.remove(volume));
        CHECK(content_inside(layout, host.volume(102), "etc/file") == "later");
        OK(layout.remove(host.volume(102)));
        CHECK_FALSE(sys::exists(layers));
    });
}

TEST_CASE("a snapshot taken in use becomes a layer when it is gone back to", "[storage][root]") {
    with_overlays([](const Storage& layout, const StorageHost& host) {
        const auto volume = host.volume();
        create(layout, volume);
        OK(layout.mount(volume));
        OK(write_inside(volume, "large", 20 * k_megabyte));
        OK(layout.take_snapshot(volume, k_snapshot));
        OK(layout.unmount(volume));
        for (int again = 0; again < 2; ++again) {
            change(layout, volume, [](const sys::Dir& root) { return root.remove("large"); });
            OK(layout.rollback(volume, k_snapshot));
            CHECK(description(layout, volume).find("large") != std::string::npos);
            CHECK(count_in(host.folder() + "/.layers") == 1);
        }
        OK(layout.remove(volume));
        CHECK_FALSE(sys::exists(host.folder() + "/.layers"));
    });
}

TEST_CASE("layers end where a mount could not take more", "[storage][root]") {
    with_overlays([](const Storage& layout, const StorageHost& host) {
        auto source = host.volume(200);
        create(layout, source);
        for (std::uint32_t number = 201; number < 233; ++number) {
            change(layout, source, [=](const sys::Dir& root) -> Result<void> {
                VZ_ASSIGN(const auto fd, root.open_at("large", O_WRONLY | O_CREAT, 0644));
                if (::posix_fallocate(fd.get(), 0, 17 * k_megabyte) != 0)
                    return sys_fail(errno, Errc::system, "allocate");
                return root.write_file(format("etc/{}", number), "x");
            });
            OK(layout.clone(source, host.volume(number)));
            OK(layout.remove(source));
            source = host.volume(number);
        }
        CHECK(content_inside(layout, source, "etc/201") == "x");
        CHECK(content_inside(layout, source, "etc/232") == "x");
        OK(layout.remove(source));
        CHECK_FALSE(sys::exists(host.folder() + "/.layers"));
    });
}

TEST_CASE("the root folder keeps its attributes above a layer", "[storage][root]") {
    with_overlays([](const Storage& layout, const StorageHost& host) {
        const auto source = host.volume();
        make_large(layout, source);
        change(layout, source, [](const sys::Dir& root) -> Result<void> {
            return ::fchmodat(root.fd(), ".", 0711, 0) == 0 && ::fchownat(root.fd(), ".", 7, 8, 0) == 0
                       ? Result<void>()
                       : Result<void>(sys_fail(errno, Errc::system, "change the root folder"));
        });
        OK(layout.clone(source, host.volume(102)));
        for (const auto& volume : {source, host.volume(102)}) {
            OK(layout.mount(volume));
            const auto st = look(volume.root);
            CHECK((st.st_mode & 07777) == 0711);
            CHECK(st.st_uid == volume.ids.uid_base + 7);
            CHECK(st.st_gid == volume.ids.gid_base + 8);
            OK(layout.unmount(volume));
            OK(layout.remove(volume));
        }
    });
}

TEST_CASE("names below of a changed file are told to who reads layers", "[storage][root]") {
    with_overlays([](const Storage& layout, const StorageHost& host) {
        const auto volume = host.volume();
        create(layout, volume);
        CHECK(layout.layers(volume)->joined.empty());
        change(layout, volume, [](const sys::Dir& root) -> Result<void> {
            const auto file = root.open_at("bin/one", O_WRONLY | O_TRUNC);
            return file ? sys::write_all(file->get(), "changed") : Result<void>(file.error());
        });
        const auto layers = layout.layers(volume);
        REQUIRE(layers);
        REQUIRE(layers->joined.size() == 1);
        CHECK(layers->joined[0].path == "bin/two");
        CHECK(layers->index->root.read_file(layers->joined[0].file)->value_or("") == "changed");
        CHECK(content_inside(layout, volume, "bin/two") == "changed");
        change(layout, volume, [](const sys::Dir& root) { return root.remove("bin/one"); });
        REQUIRE(layout.layers(volume)->joined.size() == 1); // now the index alone has its content
        change(layout, volume, writes("bin/two", "another"));
        CHECK(layout.layers(volume)->joined.empty());
        OK(layout.remove(volume));
    });
}

TEST_CASE("a lost or damaged list of layers is told, and nothing is removed", "[storage][root]") {
    with_overlays([](const Storage& layout, const StorageHost& host) {
        const auto source = host.volume();
        make_large(layout, source);
        OK(layout.clone(source, host.volume(102)));
        const auto list = source.private_area + "/layers";
        const auto good = content(list);
        for (const auto& bad : {std::string("../../../etc 0 0 65536\n"), std::string("x\n"),
                                k_snapshot + " 0 0 65536\n", k_snapshot + " -1 0 65536\n"}) {
            OK(sys::write_file_atomic(list, bad));
            CHECK_FALSE(layout.open(source));
        }
        OK(sys::write_file_atomic(list, good));
        REQUIRE(::rename(list.c_str(), (list + ".away").c_str()) == 0);
        REQUIRE(::mkdir(list.c_str(), 0700) == 0);
        CHECK_FALSE(layout.remove(host.volume(102))); // cannot know what others need
        REQUIRE(::rmdir(list.c_str()) == 0);
        REQUIRE(::rename((list + ".away").c_str(), list.c_str()) == 0);
        CHECK(description(layout, source).find("large") != std::string::npos);
        OK(layout.remove(host.volume(102)));
        OK(layout.remove(source));
    });
}

TEST_CASE("a rebase sees all layers, each path as the topmost has it", "[storage][root]") {
    with_overlays([](const Storage& layout, const StorageHost& host) {
        const auto source = host.volume();
        make_large(layout, source);
        change(layout, source, writes("etc/kept", "from the layer"));
        change(layout, source, writes("etc/file", "old change"));
        change(layout, source, [](const sys::Dir& root) { return root.make_dirs("var/gone/deep"); });
        change(layout, source, [](const sys::Dir& root) { return root.remove("etc/other"); });
        OK(layout.clone(source, host.volume(102)));
        change(layout, source, writes("etc/file", "new change"));
        change(layout, source, [](const sys::Dir& root) { return root.remove_tree("var/gone"); });
        change(layout, source, writes("etc/other", "back"));
        auto newer = host.volume(103);
        newer.template_tree = host.folder() + "/tree/template@2";
        REQUIRE(::mkdir(newer.template_tree.c_str(), 0755) == 0);
        OK(fill_template(*sys::Dir::open(newer.template_tree)));
        OK(sys::write_file_atomic(newer.template_tree + "/etc/added", "by the template"));
        const auto plan = plan_rebase(source, newer.template_tree, {});
        OK(plan);
        CHECK(plan->conflicts.empty());
        create(layout, newer);
        OK(apply_rebase(source, newer, *plan));
        CHECK(content_inside(layout, newer, "etc/file") == "new change");
        CHECK(content_inside(layout, newer, "etc/other") == "back");
        CHECK(content_inside(layout, newer, "etc/kept") == "from the layer");
        CHECK(content_inside(layout, newer, "etc/added") == "by the template");
        const auto all = description(layout, newer);
        CHECK(all.find("var/gone") == std::string::npos);
        CHECK(all.find("large") != std::string::npos);
        CHECK_FALSE(sys::exists(newer.private_area + "/layers"));
        for (const auto& volume : {source, host.volume(102), newer})
            OK(layout.remove(volume));
    });
}
