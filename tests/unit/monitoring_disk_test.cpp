// SPDX-License-Identifier: GPL-2.0-or-later
// Per cent as df(1) counts, and what a walk through a tree counts.
#include "catch.hpp"

#include "vz/monitoring/disk.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/random.hpp"

#include <filesystem>
#include <unistd.h>

using namespace vz;
using monitoring::Supply;

TEST_CASE("per cent is of what users can have, rounded up", "[monitoring]") {
    CHECK(Supply{100, 50, 50}.percent() == 50u);
    CHECK(Supply{100, 1, 200}.percent() == 1u);
    CHECK(Supply{100, 90, 5}.percent() == 95u); // five are root's
    CHECK(Supply{100, 100, 0}.percent() == 100u);
    CHECK_FALSE(Supply{0, 0, 0}.percent());
    CHECK(Supply{~0ULL, 1ULL << 62, 1ULL << 62}.percent() == 50u);
}

TEST_CASE("a walk counts links once and follows none", "[monitoring]") {
    namespace fs = std::filesystem;
    const fs::path top = fs::temp_directory_path() / ("vz-walk-" + sys::random_hex(6));
    fs::create_directories(top / "a/b");
    REQUIRE(sys::write_file_atomic(top / "a/file", std::string(100000, 'x')));
    const auto alone = monitoring::tree_use(top);
    fs::create_hard_link(top / "a/file", top / "again");
    fs::create_symlink("/", top / "host");
    fs::create_symlink("loop", top / "loop");
    const auto use = monitoring::tree_use(top);
    const auto none = monitoring::tree_use(top / "absent");
    fs::remove_all(top);
    REQUIRE((alone && use));
    CHECK(alone->inodes == 4); // top, a, b, file
    CHECK(use->inodes == 6);   // and two symbolic links, not what they lead to
    CHECK(use->bytes >= 100000);
    CHECK(use->bytes < 200000);
    REQUIRE(none);
    CHECK(none->inodes == 0);
}
