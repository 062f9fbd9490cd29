// SPDX-License-Identifier: GPL-2.0-or-later
// A folder that cannot be escaped, and the removal of hostile trees.
#include "catch.hpp"

#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/random.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace vz;

namespace {

class Scratch {
public:
    Scratch() : m_path("/tmp/vz-dir-test." + sys::random_hex(4)) {
        REQUIRE(::mkdir(m_path.c_str(), 0755) == 0);
    }
    ~Scratch() { (void)sys::Dir::open("/tmp")->remove_tree(m_path.substr(5)); }
    sys::Dir dir() const { return *sys::Dir::open(m_path); }
    const std::string& path() const { return m_path; }

private:
    std::string m_path;
};

// Deeper than descriptors, and longer than any path may be.
void nest(const std::string& top, int levels) {
    int at = ::open(top.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < levels; ++i) {
        REQUIRE(::mkdirat(at, "deeper", 0755) == 0);
        const int next = ::openat(at, "deeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        REQUIRE(next >= 0);
        ::close(at);
        at = next;
    }
    ::close(at);
}

} // namespace

TEST_CASE("a tree nested without end is removed", "[sys]") {
    const Scratch scratch;
    REQUIRE(::mkdir((scratch.path() + "/tree").c_str(), 0755) == 0);
    nest(scratch.path() + "/tree", 3000);
    REQUIRE(::symlink("/etc", (scratch.path() + "/tree/out").c_str()) == 0);
    const auto done = scratch.dir().remove_tree("tree");
    INFO((done ? "" : done.error().what));
    CHECK(done.has_value());
    CHECK_FALSE(sys::exists(scratch.path() + "/tree"));
    CHECK(sys::exists("/etc/passwd"));
}

TEST_CASE("links end inside, whatever they say", "[sys]") {
    const Scratch scratch;
    const auto dir = scratch.dir();
    REQUIRE(dir.make_dirs("a/b"));
    REQUIRE(dir.make_symlink("/a/b", "absolute"));
    REQUIRE(dir.make_symlink("../../../../../../etc", "up"));
    REQUIRE(dir.make_symlink("/proc/self/root/etc/passwd", "magic"));
    REQUIRE(dir.write_file("absolute/file", "inside"));
    CHECK(**dir.read_file("a/b/file") == "inside");
    CHECK_FALSE(*dir.read_file("up/passwd"));
    CHECK_FALSE(*dir.read_file("magic"));
    REQUIRE(dir.write_file("up", "replaced")); // the link itself, not what it names
    CHECK(**dir.read_file("up") == "replaced");
}

TEST_CASE("what is not a regular file is not read, and does not block", "[sys]") {
    const Scratch scratch;
    REQUIRE(::mkfifo((scratch.path() + "/fifo").c_str(), 0644) == 0);
    CHECK_FALSE(scratch.dir().read_file("fifo"));
    CHECK_FALSE(scratch.dir().read_file("."));
    REQUIRE(sys::write_file_atomic(scratch.path() + "/large", std::string(5000, 'x')));
    CHECK_FALSE(scratch.dir().read_file("large", 4096));
}
