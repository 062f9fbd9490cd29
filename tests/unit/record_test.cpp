// SPDX-License-Identifier: GPL-2.0-or-later
// The record of what was done: lines, secrets, times, and the order of rotated files.
#include "catch.hpp"

#include "vz/base/text.hpp"
#include "vz/record/entry.hpp"
#include "vz/record/reader.hpp"

#include "../../utils/lib/record/who.hpp"

#include <cstdlib>
#include <ctime>

using namespace vz;
using namespace vz::record;

namespace {

Entry example() {
    Entry entry;
    entry.time = 1795424400123;
    entry.seconds = 0.52;
    entry.ctid = 101;
    entry.who = {1000, "anna", "pts/0", "192.0.2.7", ""};
    entry.command = {"vzctl", "start", "101"};
    return entry;
}

using Words = std::vector<std::string>;

} // namespace

TEST_CASE("an entry survives its line", "[record]") {
    auto entry = example();
    entry.status = 32;
    entry.error = "Container is already running";
    const auto line = to_line(entry);
    CHECK(line.back() == '\n');
    CHECK(std::count(line.begin(), line.end(), '\n') == 1);
    const auto back = parse_line(line.substr(0, line.size() - 1));
    REQUIRE(back);
    CHECK(back->time == entry.time);
    CHECK(back->seconds == entry.seconds);
    CHECK(back->ctid == entry.ctid);
    CHECK(back->who.uid == entry.who.uid);
    CHECK(back->who.user == "anna");
    CHECK(back->who.from == "192.0.2.7");
    CHECK(back->command == entry.command);
    CHECK(back->status == 32);
    CHECK(back->error == entry.error);
    CHECK(to_line(*back) == line);
}

TEST_CASE("hostile words stay one bounded line without control characters", "[record]") {
    auto entry = example();
    entry.command = {"vzctl", "set", std::string(1 << 20, '\\'), "a\nb\x1b[2J\xff\xc2\x9b",
                     std::string(5000, '"')};
    for (int i = 0; i < 3000; ++i)
        entry.command.push_back("\"\\\n");
    entry.error = std::string(100000, '\x01');
    entry.who = {0, std::string(9999, '"'), std::string(9999, '\\'), std::string(9999, '\n'),
                 std::string(9999, '"')};
    entry.note = std::string(9999, '\\');
    const auto line = to_line(entry);
    CHECK(line.size() < k_longest_line);
    CHECK_FALSE(text::has_control(line.substr(0, line.size() - 1)));
    CHECK(parse_line(line.substr(0, line.size() - 1)));
    CHECK_FALSE(text::has_control(what_text(entry)));
    CHECK_FALSE(text::has_control(who_text(entry.who)));
    CHECK_FALSE(text::has_control(where_text(entry.who)));
}

TEST_CASE("a cut word keeps whole characters", "[record]") {
    auto entry = example();
    for (const std::size_t lead : {0, 1, 2, 3}) {
        std::string word(lead, 'x');
        for (int i = 0; i < 2000; ++i)
            word += "ä€";
        entry.command = {"vzctl", word};
        const auto line = to_line(entry);
        CHECK(text::printable(line) == text::printable(line.substr(0, line.size() - 1)) + "\\n");
        CHECK(line.find("\\\\xe2") == line.npos);
        CHECK(line.find("\\\\xc3") == line.npos);
    }
}

TEST_CASE("lines that are none are refused", "[record]") {
    for (const char* line :
         {"", "{", "[]", "null", "7", "{\"time\": \"2026-11-23T09:00:00.000Z\"}",
          "{\"time\": \"2026-02-30T09:00:00.000Z\", \"status\": 0, \"note\": \"x\"}",
          "{\"time\": \"2026-11-23T09:00:00.000Z\", \"status\": 0}",
          "{\"time\": \"2026-11-23T09:00:00.000Z\", \"status\": 256, \"note\": \"x\"}",
          "{\"time\": \"2026-11-23T09:00:00.000Z\", \"status\": \"0\", \"note\": \"x\"}",
          "{\"time\": \"2026-11-23T09:00:00.000Z\", \"status\": 0, \"note\": 7}",
          "{\"time\": \"2026-11-23T09:00:00.000Z\", \"status\": 0, \"command\": \"x\"}",
          "{\"time\": \"2026-11-23T09:00:00.000Z\", \"status\": 0, \"command\": [1]}",
          "{\"time\": \"2026-11-23T09:00:00.000Z\", \"status\": 0, \"note\": \"x\", \"ctid\": -1}",
          "{\"time\": \"2026-11-23T09:00:00.000Z\", \"status\": 0, \"note\": \"x\", \"uid\": 4294967295}"}) {
        CAPTURE(line);
        CHECK_FALSE(parse_line(line));
    }
    CHECK_FALSE(parse_line(std::string(k_longest_line, ' ')));
    // What a later version adds is no fault.
    CHECK(parse_line(
        "{\"time\": \"2026-11-23T09:00:00.000Z\", \"status\": 0, \"note\": \"x\", \"more\": [1]}"));
}

TEST_CASE("33: no password of a command line is kept", "[record]") {
    CHECK(without_secrets({"vzctl", "set", "101", "--userpasswd", "root:secret", "--save"}) ==
          Words{"vzctl", "set", "101", "--userpasswd", "root:***", "--save"});
    CHECK(without_secrets({"--userpasswd=anna:s:e:c"}) == Words{"--userpasswd=anna:***"});
    CHECK(without_secrets({"--userpasswd", "--crypted:secret"}) == Words{"--userpasswd", "--crypted:***"});
    CHECK(without_secrets({"--userpasswd", "secret"}) == Words{"--userpasswd", "***"});
    CHECK(without_secrets({"--userpasswd", "-"}) == Words{"--userpasswd", "-"});
    CHECK(without_secrets({"--userpasswd"}) == Words{"--userpasswd"});
    CHECK(without_secrets({"--userpasswd", "a:1", "--userpasswd", "b:2"}) ==
          Words{"--userpasswd", "a:***", "--userpasswd", "b:***"});
    CHECK(without_secrets(
              {"fetch", "https://me:secret@host/x@y", "http://host/a@b", "--description", "a://b"}) ==
          Words{"fetch", "https://***@host/x@y", "http://host/a@b", "--description", "a://b"});
    CHECK(without_secrets({"--mirror=https://me:s@host"}) == Words{"--mirror=https://***@host"});
}

TEST_CASE("what was done, for people", "[record]") {
    auto entry = example();
    entry.command = {"vzctl", "set", "101", "--description", "it's a b", ""};
    CHECK(what_text(entry) == "vzctl set 101 --description 'it'\\''s a b' ''");
    entry.error = "no\nway";
    CHECK(what_text(entry) == "vzctl set 101 --description 'it'\\''s a b' '' # no\\nway");
    entry = {};
    entry.note = "moved";
    CHECK(what_text(entry) == "note: moved");
    CHECK(who_text({}) == "-");
    CHECK(who_text({7, "", "", "", ""}) == "7");
    CHECK(where_text({7, "", "tty1", "host", "x.service"}) == "host");
    CHECK(where_text({7, "", "tty1", "", "x.service"}) == "tty1");
    CHECK(where_text({7, "", "", "", "x.service"}) == "x.service");
    CHECK(where_text({}) == "-");
}

TEST_CASE("times of the journal", "[record]") {
    CHECK(utc_text(0) == "1970-01-01T00:00:00.000Z");
    CHECK(parse_utc("2026-11-23T09:00:00.123Z") == 1795424400123);
    CHECK(utc_text(1795424400123) == "2026-11-23T09:00:00.123Z");
    for (const char* bad :
         {"", "2026-11-23T09:00:00Z", "2026-13-23T09:00:00.123Z", "2026-11-23T24:00:00.000Z",
          "2026-11-23 09:00:00.123Z", "x026-11-23T09:00:00.123Z", "1969-11-23T09:00:00.123Z"})
        CHECK_FALSE(parse_utc(bad));
}

TEST_CASE("moments as people write them", "[record]") {
    ::setenv("TZ", "Europe/Zurich", 1);
    ::tzset();
    const std::int64_t now = 1795424400000; // 2026-11-23 10:00 there
    CHECK(parse_moment("now", now).value_or(-1) == now);
    CHECK(parse_moment("2h", now).value_or(-1) == now - 7200000);
    CHECK(parse_moment("7d", now).value_or(-1) == now - 7 * 86400000LL);
    CHECK(parse_moment("today", now).value_or(-1) == now - 10 * 3600000LL);
    CHECK(parse_moment("yesterday", now).value_or(-1) == now - 34 * 3600000LL);
    CHECK(parse_moment("2026-11-23 10:00", now).value_or(-1) == now);
    CHECK(parse_moment("2026-11-23T10:00:00", now).value_or(-1) == now);
    CHECK(parse_moment("2026-11-23T09:00:00Z", now).value_or(-1) == now);
    CHECK(parse_moment("2026-11-23", now).value_or(-1) == now - 10 * 3600000LL);
    CHECK(parse_moment("2026-07-01", now).value_or(-1) == 1782856800000); // summer time
    for (const char* bad : {"", "h", "-1h", "1y", "2026", "2026-02-30", "2026-11-23 25:00",
                            "2026-11-23x10:00", "2026-00-01", "99999999999d", "tomorrow", "2026-11-23 10"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_moment(bad, now));
    }
    ::unsetenv("TZ");
    ::tzset();
}

TEST_CASE("what matches a filter", "[record]") {
    const auto entry = example();
    CHECK(matches({}, entry));
    CHECK(matches({{101, 7}, {}, {}, ""}, entry));
    CHECK_FALSE(matches({{7}, {}, {}, ""}, entry));
    CHECK(matches({{}, entry.time, entry.time + 1, ""}, entry));
    CHECK_FALSE(matches({{}, entry.time + 1, {}, ""}, entry));
    CHECK_FALSE(matches({{}, {}, entry.time, ""}, entry));
    for (const char* who : {"anna", "an*", "1000", "192.0.2.*", "pts/0"})
        CHECK(matches({{}, {}, {}, who}, entry));
    CHECK_FALSE(matches({{}, {}, {}, "ann"}, entry));
    CHECK_FALSE(matches({{101}, {}, {}, ""}, Entry{}));
}

TEST_CASE("rotated files in their order, other files left out", "[record]") {
    CHECK(in_order({"history.jsonl", "history.jsonl.1", "history.jsonl.10.gz", "history.jsonl.2.gz",
                    "history.jsonl-20261101.gz", "history.jsonl-20261001", "vzctl.log", "history.jsonl.tmp",
                    "history.jsonl.", "xhistory.jsonl", "history.jsonl.-1", "history.jsonl.3.xz"}) ==
          Words{"history.jsonl-20261001", "history.jsonl-20261101.gz", "history.jsonl.10.gz",
                "history.jsonl.2.gz", "history.jsonl.1", "history.jsonl"});
}

TEST_CASE("who is at work, from what the kernel and ssh say", "[record]") {
    CHECK(terminal_name(34816) == "pts/0");
    CHECK(terminal_name(34816 + 255) == "pts/255");
    CHECK(terminal_name(1025) == "tty1");
    CHECK(terminal_name(1088) == "ttyS0");
    CHECK(terminal_name(0).empty());
    CHECK(client_of("192.0.2.7 50000 192.0.2.1 22") == "192.0.2.7");
    CHECK(client_of("fe80::1%eth0 1 fe80::2 22") == "fe80::1");
    CHECK(client_of("2001:db8::7 50000 2001:db8::1 22") == "2001:db8::7");
    for (const char* bad : {"", "192.0.2.7", "$(reboot) 1 2 3", "\x1b[2J 1 2 3"})
        CHECK(client_of(bad).empty());
    CHECK(service_of("0::/system.slice/vz.service\n") == "vz.service");
    CHECK(service_of("12:cpu:/\n1:name=systemd:/system.slice/cron.service\n") == "cron.service");
    CHECK(service_of("0::/user.slice/user-0.slice/user@0.service\n").empty());
    CHECK(service_of("0::/\n").empty());
    CHECK(stat_fields("12 (a) b) c) S 11 12").at(1) == "11");
    CHECK(stat_fields("nonsense").empty());
}
