// SPDX-License-Identifier: GPL-2.0-or-later
// Id ranges.
#include "catch.hpp"

#include "vz/storage/id_pool.hpp"

using namespace vz;
using namespace vz::storage;

TEST_CASE("the lowest free range is chosen, whatever overlaps", "[storage]") {
    const IdPool pool{1000000, 3};
    CHECK(choose_range(pool, {})->uid_base == 1000000);
    CHECK(choose_range(pool, {{1000000, 1000000}})->uid_base == 1065536);
    // Half across two slots takes both; a range far away takes none.
    CHECK(choose_range(pool, {{1030000, 1030000}, {5000000, 5000000}})->uid_base == 1131072);
    // Group ids count as well.
    CHECK(choose_range(pool, {{70000, 1000000}})->uid_base == 1065536);
    CHECK(choose_range(pool, {{1000000, 1000000}, {1065536, 1065536}, {1131072, 1131072}}).error().code ==
          Errc::no_resources);
}

TEST_CASE("a pool is BASE:CONTAINERS below 2^32", "[storage]") {
    CHECK(parse_id_pool("")->base == IdPool{}.base);
    CHECK(parse_id_pool("100000:10")->containers == 10);
    for (const char* bad : {"100000", "0:1", "100000:0", "4294900000:10", "100000:70000", "x:1", "1:2:3"})
        CHECK_FALSE(parse_id_pool(bad));
}

TEST_CASE("delegation is added once and other lines stay", "[storage]") {
    const std::string text = "www:100000:65536\nroot:5:10\n";
    const auto with = with_delegation(text, 1000000, 65536);
    CHECK(with == text + "root:1000000:65536\n");
    CHECK(with_delegation(with, 1000000, 65536) == with);
    CHECK(with_delegation(with, 1000100, 100) == with);
    CHECK(with_delegation("www:1:1", 7, 1) == "www:1:1\nroot:7:1\n");
}
