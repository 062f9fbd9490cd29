// SPDX-License-Identifier: GPL-2.0-or-later
// Text, sizes, JSON and results.
#include "catch.hpp"

#include "vz/base/json.hpp"
#include "vz/base/result.hpp"
#include "vz/base/text.hpp"
#include "vz/base/units.hpp"

using namespace vz;

TEST_CASE("printable escapes what a terminal would obey", "[base]") {
    CHECK(text::printable("plain Ünïcode") == "plain Ünïcode");
    CHECK(text::printable("a\nb\tc") == "a\\nb\\tc");
    CHECK(text::printable("\x1b[31m") == "\\x1b[31m");
    CHECK(text::printable("\xc2\x9b") == "\\xc2\\x9b");          // C1 control sequence introducer
    CHECK(text::printable("\xe2\x80\xae") == "\\xe2\\x80\\xae"); // right-to-left override
    CHECK(text::printable("\xff\xc3") == "\\xff\\xc3");
    CHECK(text::printable("\xe0\x80\x8a") == "\\xe0\\x80\\x8a"); // overlong newline
}

TEST_CASE("sizes take the classic suffixes", "[base]") {
    CHECK(*units::parse_size("512M") == 536870912);
    CHECK(*units::parse_size("1g") == 1073741824);
    CHECK(*units::parse_size("1.5K") == 1536);
    CHECK(*units::parse_size("3P") == 12288);
    CHECK(*units::parse_size("10", 1024) == 10240);
    CHECK(*units::parse_size("10B", 1024) == 10);
    CHECK(*units::parse_size("2GiB") == 2147483648);
    CHECK(*units::parse_size("unlimited") == units::unlimited);
    for (const char* bad : {"", "x", "1X", "-1", "1.2.3", "99999999999999T", "1 G", "0x10", "1PB"})
        CHECK_FALSE(units::parse_size(bad));
}

TEST_CASE("JSON keeps order, escapes and round trips", "[base]") {
    Json j;
    j.set("b", 1);
    j.set("a", Json::strings({"x", "y\n"}));
    j.set("b", "two");
    CHECK(j.dump() == R"({"b": "two", "a": ["x", "y\n"]})");
    CHECK(Json::parse(j.dump())->dump() == j.dump());
    CHECK(Json(std::string("\xff")).dump() == "\"\xef\xbf\xbd\"");
    CHECK_FALSE(Json::parse("{\"a\":"));
    CHECK_FALSE(Json::parse(std::string(100, '[') + std::string(100, ']')));
    CHECK(Json(Json::Array{}).dump(4) == "[]");
}

TEST_CASE("an error gains context and keeps its kind", "[base]") {
    const auto inner = []() -> Result<int> { return fail(Errc::locked, "busy {}", 7); };
    const auto outer = [&]() -> Result<std::string> {
        VZ_ASSIGN(const int value, inner().context("start 101"));
        return std::to_string(value);
    };
    REQUIRE_FALSE(outer());
    CHECK(outer().error().code == Errc::locked);
    CHECK(outer().error().what == "start 101: busy 7");
}
