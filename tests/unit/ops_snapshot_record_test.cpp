// SPDX-License-Identifier: GPL-2.0-or-later
// The record of a container's snapshots: who descends from whom, and a file that others have damaged.
#include "catch.hpp"

#include "lib/ops/snapshot_record.hpp"

using namespace vz;
using namespace vz::ops;

namespace {

const std::string k_a = "aaaaaaaa-0000-0000-0000-000000000000";
const std::string k_b = "bbbbbbbb-0000-0000-0000-000000000000";
const std::string k_c = "cccccccc-0000-0000-0000-000000000000";
const std::string k_d = "dddddddd-0000-0000-0000-000000000000";

Snapshot named(const std::string& id) {
    Snapshot snapshot;
    snapshot.id = id;
    return snapshot;
}

// a - b - c (current), and d beside c.
SnapshotTree family() {
    SnapshotTree tree;
    for (const auto& id : {k_a, k_b, k_d})
        add_snapshot(tree, named(id));
    tree.current = k_b;
    add_snapshot(tree, named(k_c));
    return tree;
}

// "a: -, b: a, …" and the current one.
std::string shape(const SnapshotTree& tree) {
    const auto letter = [](const std::string& id) { return id.empty() ? std::string("-") : id.substr(0, 1); };
    std::string out;
    for (const auto& snapshot : tree.snapshots)
        out += letter(snapshot.id) + ":" + letter(snapshot.parent) + " ";
    return out + "*" + letter(tree.current);
}

std::string list_of(const std::string& items) {
    return R"({"current": "", "snapshots": [)" + items + "]}";
}

} // namespace

TEST_CASE("a new snapshot descends from the current one", "[snapshot]") {
    CHECK(shape(family()) == "a:- b:a d:b c:b *c");
}

TEST_CASE("one that descends from what is gone has no parent", "[snapshot]") {
    SnapshotTree tree;
    tree.current = k_d;
    add_snapshot(tree, named(k_a));
    CHECK(shape(tree) == "a:- *a");
}

TEST_CASE("the children of a dropped snapshot become those of its parent", "[snapshot]") {
    auto tree = family();
    drop_snapshot(tree, k_b);
    CHECK(shape(tree) == "a:- d:a c:a *c");
    drop_snapshot(tree, k_c);
    CHECK(shape(tree) == "a:- d:a *a");
    drop_snapshot(tree, k_a);
    CHECK(shape(tree) == "d:- *-");
    drop_snapshot(tree, k_a);
    CHECK(shape(tree) == "d:- *-");
}

TEST_CASE("what the record reads is what it wrote", "[snapshot]") {
    auto tree = family();
    auto& first = tree.snapshots[0];
    first.name = "two words \"quoted\"";
    first.description = "ä";
    first.date = 1795430000;
    first.conf = "NAME=\"web\"\n";
    first.mounted_at = "/mnt/x";
    const auto before = first;
    add_lost(tree, "eeeeeeee-0000-0000-0000-000000000000", 17);
    const auto read = parse_snapshots(snapshots_text(tree));
    REQUIRE(read);
    CHECK(shape(*read) == "a:- b:a d:b c:b e:- *c");
    CHECK(snapshots_text(*read) == snapshots_text(tree));
    CHECK(read->snapshots[0].name == before.name);
    CHECK(read->snapshots[0].conf == before.conf);
    CHECK(read->snapshots[0].date == before.date);
    CHECK_FALSE(read->snapshots[0].lost);
    CHECK(read->snapshots[4].lost);
    CHECK(read->snapshots[4].date == 17);
}

TEST_CASE("a damaged record is refused as a whole", "[snapshot]") {
    const auto entry = [](const std::string& id) { return R"({"id": ")" + id + "\"}"; };
    CHECK(parse_snapshots(list_of("")));
    CHECK(parse_snapshots(list_of(entry(k_a) + "," + entry(k_b))));
    for (const std::string& text :
         {std::string(), std::string("[]"), std::string("null"), std::string(R"({"snapshots": {}})"),
          list_of("1"), list_of("{}"), list_of(entry("")), list_of(entry("../../../etc")),
          list_of(entry(k_a + "/")), list_of(entry("AAAAAAAA-0000-0000-0000-000000000000")),
          list_of(entry("{" + k_a + "}")), list_of(entry(k_a) + "," + entry(k_a)), list_of(entry(k_a)) + "x",
          list_of(entry(k_a)).substr(0, 40), std::string(100000, '[')}) {
        INFO(text.substr(0, 80));
        const auto tree = parse_snapshots(text);
        REQUIRE_FALSE(tree);
        CHECK(tree.error().code == Errc::snapshot_list);
    }
}

TEST_CASE("members of a wrong kind count as not set, a parent that is not there as none", "[snapshot]") {
    const auto tree = parse_snapshots(list_of(R"({"id": ")" + k_a + R"(", "parent": ")" + k_b +
                                              R"(", "name": 5, "date": -1, "lost": "yes"})"));
    REQUIRE(tree);
    CHECK(shape(*tree) == "a:- *-");
    CHECK(tree->snapshots[0].name.empty());
    CHECK(tree->snapshots[0].date == 0);
    CHECK_FALSE(tree->snapshots[0].lost);
}

TEST_CASE("the id of a snapshot is a uuid, in braces or not, in any case", "[snapshot]") {
    CHECK(*parse_snapshot_id(k_a) == k_a);
    CHECK(*parse_snapshot_id("{AAAAAAAA-0000-0000-0000-000000000000}") == k_a);
    for (const char* bad : {"", "{}", "a", "..", "aaaaaaaa-0000-0000-0000-00000000000g",
                            "aaaaaaaa-0000-0000-0000-0000000000000", "aaaaaaaa00000000-0000-0000-000000000",
                            "{aaaaaaaa-0000-0000-0000-000000000000"})
        CHECK_FALSE(parse_snapshot_id(bad));
}
