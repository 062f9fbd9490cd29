// SPDX-License-Identifier: GPL-2.0-or-later
// What backups are written in: lines of the manifest, heads, names, and which of them stay.
#include "catch.hpp"

#include "vz/backup/depot.hpp"
#include "vz/backup/entry.hpp"
#include "vz/backup/head.hpp"
#include "vz/backup/retention.hpp"
#include "vz/base/base64.hpp"

using namespace vz;
using namespace vz::backup;

namespace {

Entry example_file() {
    Entry entry;
    entry.path = "srv/a \"b\"\\c";
    entry.mode = 04755;
    entry.uid = 33;
    entry.gid = 65535;
    entry.size = 12;
    entry.mtime = {-3, 750'000'000};
    entry.ctime = {7'258'118'400, 1};
    entry.inode = 42;
    entry.attributes = {{"system.posix_acl_access", std::string("\2\0\xff", 3)}, {"user.x=y", ""}};
    entry.sha256 = std::string(64, 'a');
    entry.archive = 3;
    entry.member = "srv/old\nname";
    entry.unsettled = true;
    entry.holes = true;
    return entry;
}

std::string line_of(const Entry& entry) {
    std::string out;
    append_line(out, entry);
    REQUIRE(out.back() == '\n');
    out.pop_back();
    return out;
}

Head example_head() {
    Head head;
    head.time = 1769901300;
    head.id = backup_id(101, head.time);
    head.ctid = 101;
    head.uuid = "2f0d7a52-6bb3-4b71-bc0e-0b8ac2b0a4e1";
    head.hostname = "web";
    head.mode = Mode::suspend;
    head.was_running = true;
    head.layout = "overlay";
    head.links = 2;
    head.base = backup_id(101, head.time - 86400);
    head.archives = {{"one.tar.zst", 7, std::string(64, '0')}, {"two.tar.zst", 8, std::string(64, '1')}};
    head.manifest = {"files.zst", 9, std::string(64, '2')};
    head.on_template = OnTemplate{"debian@123", {"template-debian@123.tar.zst", 10, std::string(64, '3')}};
    head.conf = "ONBOOT=\"yes\"\n";
    head.scripts = {{"mount", "#!/bin/sh\nexit 0\n"}};
    head.tool = "vzbackup 1";
    return head;
}

} // namespace

TEST_CASE("base 64 is that of RFC 4648", "[base]") {
    const std::vector<std::pair<std::string, std::string>> examples{
        {"", ""},        {"f", "Zg=="},          {"fo", "Zm8="},
        {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}, {"\xff\xfe", "//4="}};
    for (const auto& [bytes, text] : examples) {
        CHECK(to_base64(bytes) == text);
        CHECK(from_base64(text) == bytes);
    }
    for (const char* bad : {"Z", "Zg=", "Zh==", "Z===", "====", "Zm9v\n", "Zm 9", "Zg==Zg=="})
        CHECK_FALSE(from_base64(bad));
}

TEST_CASE("a line of the manifest is read as it was written", "[backup]") {
    auto entry = example_file();
    CHECK(*parse_line(line_of(entry)) == entry);
    entry.path = std::string("odd\xff\x01");
    CHECK(*parse_line(line_of(entry)) == entry);
    entry.path = "straße/ok";
    CHECK(line_of(entry).find("straße/ok") != std::string::npos);
    CHECK(*parse_line(line_of(entry)) == entry);

    Entry link;
    link.path = "soft";
    link.type = Type::symlink;
    link.link = "../etc/\n";
    CHECK(*parse_line(line_of(link)) == link);

    Entry device;
    device.path = "dev/sda";
    device.type = Type::block_device;
    device.major = 8;
    device.minor = 1048575;
    CHECK(*parse_line(line_of(device)) == device);

    Entry gone;
    gone.path = "usr/share/doc";
    gone.type = Type::removed;
    CHECK(*parse_line(line_of(gone)) == gone);
}

TEST_CASE("lines that nobody writes are refused", "[backup]") {
    const std::string file = R"("type":"file","mode":"0644","size":0)";
    CHECK(parse_line(R"({"path":"a",)" + file + "}"));
    CHECK(parse_line(R"({"path":"a","new":{"x":"y"},"other":true,"more":7,)" + file + "}"));
    for (const char* path : {"", "/etc", "../x", "a/../b", "a//b", "a/", "./a", "a/.", "..", "."})
        CHECK_FALSE(parse_line(format(R"({{"path":"{}",{}}})", path, file)));
    for (const char* bad : {R"({"path":"a"})",
                            R"({"path":"a","type":"socket"})",
                            R"({"path":"a","type":"file","size":1})",
                            R"({"path":"a","type":"file","uid":65536})",
                            R"({"path":"a","type":"file","size":-1})",
                            R"({"path":"a","type":"file","mode":"99"})",
                            R"({"path":"a","type":"file","mode":"07777777"})",
                            R"({"path":"a","type":"file","mtime":"1"})",
                            R"({"path":"a","type":"file","mtime":"1.1000000000"})",
                            R"({"path":"a","type":"symlink"})",
                            R"({"path":"a","type":"file","link":"b"})",
                            R"({"path":"a","type":"hard_link","link":"/etc/shadow"})",
                            R"({"path64":"YQ","type":"fifo"})",
                            R"({"path64":"YQBi","type":"fifo"})",
                            R"({"path":"a","type":"fifo"} )",
                            R"({"path":"a","type":"fifo")",
                            R"({"path":"a","type":"fifo","x":[1]})",
                            R"({"path":"a\n","type":"fifo"})",
                            "",
                            "{}",
                            "[]",
                            "null"})
        CHECK_FALSE(parse_line(bad));
}

TEST_CASE("a head is read as it was written, and not one byte may be another", "[backup]") {
    const auto head = example_head();
    const auto text = head_text(head);
    REQUIRE(parse_head(text));
    CHECK(*parse_head(text) == head);
    for (std::size_t at = 0; at < text.size(); ++at)
        for (const char flip : {'\x01', '\x20', '\x80'}) {
            auto other = text;
            other[at] = static_cast<char>(other[at] ^ flip);
            if (parse_head(other))
                FAIL("byte " << at << " flipped by " << static_cast<int>(flip) << " is not noticed");
        }
    for (std::size_t size = 0; size < text.size(); ++size)
        if (parse_head(text.substr(0, size)))
            FAIL("cut to " << size << " it is accepted");
    CHECK_FALSE(parse_head(text + "\n"));
}

TEST_CASE("a head names parts beside it only, and backups of its container", "[backup]") {
    for (const char* name : {"../x", "/etc/passwd", "a/b", "", ".hidden"}) {
        auto head = example_head();
        head.manifest.name = name;
        CHECK_FALSE(parse_head(head_text(head)));
    }
    auto head = example_head();
    head.id = backup_id(102, head.time);
    CHECK_FALSE(parse_head(head_text(head)));
}

TEST_CASE("ids of backups tell container and second", "[backup]") {
    CHECK(backup_id(101, 1769901300) == "vzbackup-101-2026_01_31-23_15_00");
    const auto name = parse_backup_id("vzbackup-101-2026_01_31-23_15_00");
    REQUIRE(name);
    CHECK(name->ctid == 101);
    CHECK(name->time == 1769901300);
    for (const char* bad : {"vzbackup-101-2026_01_31-23_15_0", "vzbackup-101-2026_02_31-23_15_00",
                            "vzbackup--2026_01_31-23_15_00", "vzbackup-0101-2026_01_31-23_15_00",
                            "vzdump-101-2026_01_31-23_15_00", "vzbackup-101", ""})
        CHECK_FALSE(parse_backup_id(bad));
}

TEST_CASE("which backups stay", "[backup]") {
    // Two a day, at 1:00 and 13:00, through January 2026; the first is a Thursday.
    std::vector<Dated> all;
    constexpr std::int64_t january = 1767225600;
    for (std::int64_t day = 0; day < 31; ++day)
        for (const std::int64_t hour : {1, 13})
            all.push_back({format("{:02}-{:02}", day + 1, hour), january + day * 86400 + hour * 3600});
    const auto kept = [&](const Retention& retention) {
        const auto gone = to_prune(retention, all);
        std::vector<std::string> out;
        for (const auto& backup : all)
            if (std::find(gone.begin(), gone.end(), backup.id) == gone.end())
                out.push_back(backup.id);
        return out;
    };
    using Ids = std::vector<std::string>;
    CHECK(kept({}).size() == all.size());
    CHECK(kept({.last = 0}) == Ids{"31-13"});
    CHECK(kept({.last = 3}) == Ids{"30-13", "31-01", "31-13"});
    CHECK(kept({.hourly = 3}) == Ids{"30-13", "31-01", "31-13"});
    CHECK(kept({.daily = 2}) == Ids{"30-13", "31-13"});
    CHECK(kept({.weekly = 3}) == Ids{"18-13", "25-13", "31-13"}); // weeks end on Sunday
    CHECK(kept({.daily = 1, .weekly = 2}) == Ids{"25-13", "31-13"});
    CHECK(kept({.monthly = 5}) == Ids{"31-13"});
    CHECK(kept({.last = 100}).size() == all.size());
    CHECK(to_prune({.last = 1}, {}).empty());

    SECTION("a week goes over the new year") {
        all = {{"sunday", 1766880000},
               {"wednesday", 1767139200},
               {"thursday", 1767225600},
               {"monday", 1767571200}};
        CHECK(kept({.weekly = 2}) == Ids{"thursday", "monday"}); // 28, 31 December, 1 and 5 January
    }
}
