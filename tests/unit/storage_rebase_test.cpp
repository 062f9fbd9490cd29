// SPDX-License-Identifier: GPL-2.0-or-later
// What becomes of a container's changes on a newer edition of its template.
#include "catch.hpp"

#include "vz/storage/rebase.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

using namespace vz;
using namespace vz::storage;
namespace fs = std::filesystem;

namespace {

using Paths = std::vector<std::string>;

// Two editions of a template, and what a container has above the older one.
class Editions {
public:
    Editions() {
        std::string name = (fs::temp_directory_path() / "vz-rebase-XXXXXX").string();
        m_folder = ::mkdtemp(name.data());
        for (const char* part : {"old", "new", "area/upper", "area/work"})
            fs::create_directories(m_folder / part);
    }
    ~Editions() {
        std::error_code ignored;
        fs::remove_all(m_folder, ignored);
    }
    Editions(const Editions&) = delete;
    Editions& operator=(const Editions&) = delete;

    void old_has(const std::string& path, const std::string& text) const {
        put(m_folder / "old" / path, text);
    }
    void new_has(const std::string& path, const std::string& text) const {
        put(m_folder / "new" / path, text);
    }
    void own(const std::string& path, const std::string& text) const { put(upper(path), text); }
    fs::path upper(const std::string& path) const { return m_folder / "area/upper" / path; }
    fs::path newer(const std::string& path) const { return m_folder / "new" / path; }

    RebasePlan plan(const RebaseRules& rules = {}) const {
        Volume volume;
        volume.private_area = (m_folder / "area").string();
        volume.template_tree = (m_folder / "old").string();
        auto plan = plan_rebase(volume, (m_folder / "new").string(), rules);
        REQUIRE(plan);
        for (auto* paths : {&plan->conflicts, &plan->taken, &plan->removed})
            std::sort(paths->begin(), paths->end());
        return *std::move(plan);
    }

private:
    static void put(const fs::path& path, const std::string& text) {
        fs::create_directories(path.parent_path());
        std::ofstream(path) << text;
    }

    fs::path m_folder;
};

} // namespace

TEST_CASE("only files that both sides changed are conflicts", "[rebase]") {
    const Editions editions;
    for (const char* path : {"etc/ours", "etc/theirs", "etc/both", "etc/alike"})
        editions.old_has(path, "old");
    editions.new_has("etc/ours", "old");
    for (const char* path : {"etc/theirs", "etc/both", "etc/alike"})
        editions.new_has(path, "new");
    editions.own("etc/ours", "own");
    editions.own("etc/both", "own");
    editions.own("etc/alike", "new");
    editions.own("srv/data", "own");
    const auto plan = editions.plan();
    CHECK(plan.conflicts == Paths{"/etc/both"});
    CHECK(plan.taken == Paths{"etc/alike"}); // shared again
    CHECK(plan.removed.empty());
}

TEST_CASE("a file that both sides added, or one removed, is a conflict", "[rebase]") {
    const Editions editions;
    editions.new_has("etc/added", "new");
    editions.own("etc/added", "own");
    editions.old_has("etc/gone", "old");
    editions.own("etc/gone", "own");
    CHECK(editions.plan().conflicts == Paths{"/etc/added", "/etc/gone"});
}

TEST_CASE("rights and links are changes, too", "[rebase]") {
    const Editions editions;
    editions.old_has("bin/tool", "same");
    editions.new_has("bin/tool", "same");
    fs::permissions(editions.newer("bin/tool"), fs::perms::owner_all);
    editions.own("bin/tool", "own");
    fs::create_directories(editions.upper("etc"));
    fs::create_directories(editions.newer("etc"));
    fs::create_symlink("ours", editions.upper("etc/link"));
    fs::create_symlink("theirs", editions.newer("etc/link"));
    CHECK(editions.plan().conflicts == Paths{"/bin/tool", "/etc/link"});
}

TEST_CASE("rules decide, those given before those built in", "[rebase]") {
    const Editions editions;
    for (const char* path : {"etc/both", "etc/motd", "var/log/dpkg.log", "etc/ld.so.cache", "etc/hostname"}) {
        editions.new_has(path, "new");
        editions.own(path, "own");
    }
    auto plan = editions.plan({{"/etc/m*"}, {}});
    CHECK(plan.conflicts == Paths{"/etc/both"});
    CHECK(plan.removed == Paths{"etc/hostname", "etc/motd", "var/log/dpkg.log"}); // room for the container's
    CHECK(plan.taken == Paths{"etc/ld.so.cache"});
    plan = editions.plan({{"/etc/*"}, {"/var/*", "/etc/motd"}});
    CHECK(plan.conflicts.empty());
    CHECK(plan.removed == Paths{"etc/both", "etc/hostname", "etc/ld.so.cache"});
    CHECK(plan.taken == Paths{"etc/motd", "var/log/dpkg.log"});
}

TEST_CASE("a folder in place of a file is decided as one", "[rebase]") {
    const Editions editions;
    editions.new_has("etc/thing", "a file now");
    editions.own("etc/thing/inner", "own");
    editions.own("etc/thing/other", "own");
    CHECK(editions.plan().conflicts == Paths{"/etc/thing"});
    CHECK(editions.plan({{"/etc/thing"}, {}}).removed == Paths{"etc/thing"});
}

TEST_CASE("the day of the template's making is no change of passwords", "[rebase]") {
    const Editions editions;
    editions.old_has("etc/shadow", "root:*:20000:0:::\n");
    editions.new_has("etc/shadow", "root:*:20009:0:::\n");
    editions.own("etc/shadow", "root:$y$hash:20001:0:::\n");
    CHECK(editions.plan().conflicts.empty());
    editions.new_has("etc/shadow", "root:!:20009:0:::\n");
    CHECK(editions.plan().conflicts == Paths{"/etc/shadow"});
}

TEST_CASE("what the container removed stays removed", "[rebase]") {
    const Editions editions;
    editions.old_has("etc/issue", "old");
    editions.new_has("etc/issue", "new");
    fs::create_directories(editions.upper("etc"));
    if (::mknod(editions.upper("etc/issue").c_str(), S_IFCHR, makedev(0, 0)) != 0)
        return; // this kernel lets only root make the mark
    const auto plan = editions.plan();
    CHECK(plan.conflicts.empty());
    CHECK(plan.removed == Paths{"etc/issue"});
}

TEST_CASE("a folder that the container made anew hides the template's", "[rebase]") {
    const Editions editions;
    editions.old_has("usr/doc/a", "old");
    editions.new_has("usr/doc/a", "new");
    editions.own("usr/doc/a", "own");
    CHECK(editions.plan().conflicts == Paths{"/usr/doc/a"});
    if (::setxattr(editions.upper("usr/doc").c_str(), "trusted.overlay.opaque", "y", 1, 0) != 0)
        return; // only root may
    const auto plan = editions.plan();
    CHECK(plan.conflicts.empty());
    CHECK(plan.removed == Paths{"usr/doc"});
}
