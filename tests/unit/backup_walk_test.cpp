// SPDX-License-Identifier: GPL-2.0-or-later
// How a backup sees a container's files: the layers of an overlay merged as the kernel merges them.
#include "catch.hpp"

#include "../../utils/lib/backup/walk.hpp"

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

using namespace vz;
using namespace vz::backup;

namespace {

class Folder {
public:
    Folder() {
        char name[] = "/tmp/vz-walk.XXXXXX";
        REQUIRE(::mkdtemp(name) != nullptr);
        m_path = name;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(m_path); }

    std::string operator/(const std::string& path) const { return m_path + "/" + path; }
    void file(const std::string& path, const std::string& content = "x") const {
        std::filesystem::create_directories(std::filesystem::path(m_path + "/" + path).parent_path());
        std::ofstream(m_path + "/" + path) << content;
    }
    sys::Dir open() const { return *sys::Dir::open(m_path); }

private:
    std::string m_path;
};

// Path -> what it is and which layer it comes from, told by its size.
std::map<std::string, std::string> seen(const Source& source, const std::string& without = "-") {
    std::map<std::string, std::string> out;
    const auto done = walk({source,
                            [&](const Met& met) -> Result<Descend> {
                                out[met.path] = met.removed               ? "removed"
                                                : S_ISDIR(met.st.st_mode) ? (met.opaque ? "opaque" : "folder")
                                                                          : std::to_string(met.st.st_size);
                                return met.path == without ? Descend::no : Descend::yes;
                            },
                            [](const std::string&, const std::string&) {}});
    CHECK(done);
    return out;
}

using Seen = std::map<std::string, std::string>;

} // namespace

TEST_CASE("one folder is gone through whole", "[backup]") {
    const Folder folder;
    folder.file("b/two", "22");
    folder.file("a/c/three", "333");
    REQUIRE(::symlink("/etc", (folder / "link").c_str()) == 0);
    Source source;
    source.layers.push_back({folder.open(), {}});
    CHECK(seen(source) == Seen{{".", "folder"},
                               {"a", "folder"},
                               {"a/c", "folder"},
                               {"a/c/three", "3"},
                               {"b", "folder"},
                               {"b/two", "2"},
                               {"link", "4"}});
    CHECK(seen(source, "a") ==
          Seen{{".", "folder"}, {"a", "folder"}, {"b", "folder"}, {"b/two", "2"}, {"link", "4"}});
}

TEST_CASE("what is in a folder follows it at once", "[backup]") {
    const Folder folder;
    folder.file("a/b/file");
    folder.file("c/file");
    Source source;
    source.layers.push_back({folder.open(), {}});
    std::vector<std::string> order;
    CHECK(walk({source,
                [&](const Met& met) -> Result<Descend> {
                    order.push_back(met.path);
                    return Descend::yes;
                },
                [](const std::string&, const std::string&) {}}));
    CHECK(order == std::vector<std::string>{".", "a", "a/b", "a/b/file", "c", "c/file"});
}

TEST_CASE("layers hide what is below them as overlayfs does", "[backup]") {
    if (::geteuid() != 0) {
        WARN("skipped: needs root");
        return;
    }
    const Folder upper;
    const Folder lower;
    lower.file("both", "22");
    lower.file("gone", "22");
    lower.file("merged/lower", "22");
    lower.file("hidden/lower", "22");
    lower.file("replaced/lower", "22");
    lower.file("again", "22");
    upper.file("both", "1");
    upper.file("merged/upper", "1");
    upper.file("hidden/upper", "1");
    upper.file("replaced", "1");
    upper.file("again/upper", "1");
    REQUIRE(::mknod((upper / "gone").c_str(), S_IFCHR, 0) == 0);
    REQUIRE(::setxattr((upper / "hidden").c_str(), "trusted.overlay.opaque", "y", 1, 0) == 0);
    Source source;
    source.overlay = true;
    source.layers.push_back({upper.open(), {}});
    source.layers.push_back({lower.open(), {}});
    CHECK(seen(source) ==
          Seen{{".", "folder"},
               {"again", "opaque"}, // a file lay below: so the template's folder is hidden too
               {"again/upper", "1"},
               {"both", "1"},
               {"gone", "removed"},
               {"hidden", "opaque"},
               {"hidden/upper", "1"},
               {"merged", "folder"},
               {"merged/lower", "2"},
               {"merged/upper", "1"},
               {"replaced", "1"}});
}

TEST_CASE("a folder deeper than paths may be is left out, and said so", "[backup]") {
    const Folder folder;
    const std::string name(200, 'd');
    sys::Fd at(::open((folder / ".").c_str(), O_RDONLY | O_DIRECTORY));
    for (int depth = 0; depth < 30; ++depth) {
        REQUIRE(::mkdirat(at.get(), name.c_str(), 0700) == 0);
        at = sys::Fd(::openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY));
    }
    Source source;
    source.layers.push_back({folder.open(), {}});
    int left_out = 0;
    std::size_t longest = 0;
    CHECK(walk({source,
                [&](const Met& met) -> Result<Descend> {
                    longest = std::max(longest, met.path.size());
                    return Descend::yes;
                },
                [&](const std::string&, const std::string&) { ++left_out; }}));
    CHECK(left_out == 1);
    CHECK(longest < 4096);
    CHECK(longest > 3800);
}
