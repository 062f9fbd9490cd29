// SPDX-License-Identifier: GPL-2.0-or-later
// Options, ids, tables and progress.
#include "catch.hpp"

#include "vz/cli/ids.hpp"
#include "vz/cli/log.hpp"
#include "vz/cli/options.hpp"
#include "vz/cli/progress.hpp"
#include "vz/cli/table.hpp"

#include <ctime>
#include <fstream>
#include <regex>
#include <sstream>
#include <unistd.h>

using namespace vz;
using namespace vz::cli;

namespace {

const std::vector<Option> k_options{
    {"output", 'o', Takes::value, "FIELDS", "fields to print"},
    {"ipadd|ip", 0, Takes::values, "ADDRESS", "add an address"},
    {"all", 'a', Takes::nothing, "", "all of them"},
    {"sort", 's', Takes::value, "FIELD", "sort"},
};

} // namespace

TEST_CASE("options are read in every classic spelling", "[cli]") {
    const auto parsed = parse(
        k_options, {"-octid,ip", "101", "--ip", "10.0.0.1", "-a", "--ipadd=10.0.0.2", "-s", "-ctid", "web"});
    REQUIRE(parsed);
    CHECK(*parsed->value("output") == "ctid,ip");
    CHECK(parsed->values("ipadd") == std::vector<std::string>{"10.0.0.1", "10.0.0.2"});
    CHECK(parsed->has("all"));
    CHECK(*parsed->value("sort") == "-ctid");
    CHECK(parsed->operands() == std::vector<std::string>{"101", "web"});
}

TEST_CASE("the last of repeated single options wins, -- ends options, empty values stay", "[cli]") {
    const auto parsed = parse(k_options, {"-o", "a", "-o", "b", "--ip", "", "--", "--all"});
    REQUIRE(parsed);
    CHECK(*parsed->value("output") == "b");
    CHECK(parsed->values("ipadd") == std::vector<std::string>{""});
    CHECK(parsed->operands() == std::vector<std::string>{"--all"});
}

TEST_CASE("a wrong option is named and a near one suggested", "[cli]") {
    const auto parsed = parse(k_options, {"--outptu", "x"}, Errc::bad_syntax);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == Errc::bad_syntax);
    CHECK(parsed.error().what.find("did you mean --output?") != std::string::npos);
    CHECK_FALSE(parse(k_options, {"-o"}));
    CHECK_FALSE(parse(k_options, {"--all=yes"}));
    CHECK_FALSE(parse(k_options, {"--outp", "x"})); // no guessing of abbreviations
}

TEST_CASE("ids come from operands or, for -, from standard input", "[cli]") {
    std::istringstream words("101 102\n103\n");
    CHECK(*expand_ids({"7", "-", "8"}, words, Separator::white_space) ==
          std::vector<std::string>{"7", "101", "102", "103", "8"});
    std::istringstream nul(std::string("a b\0c\0", 6));
    CHECK(*expand_ids({"-"}, nul, Separator::nul) == std::vector<std::string>{"a b", "c"});
    std::istringstream cut(std::string("a\0b", 3));
    CHECK_FALSE(expand_ids({"-"}, cut, Separator::nul));
    std::istringstream untouched("101");
    CHECK(expand_ids({}, untouched, Separator::white_space)->empty());
    CHECK(untouched.tellg() == std::streampos(0));
}

TEST_CASE("table lines are padded, cut and escaped", "[cli]") {
    struct Row {
        int id;
        std::string name;
    };
    const std::vector<Column<Row>> columns{
        {{"ctid", "CTID", 10, Align::right, ""},
         [](const Row& r) { return std::to_string(r.id); },
         [](const Row& r) { return Json(r.id); }},
        {{"name", "NAME", 8, Align::left, ""},
         [](const Row& r) { return r.name; },
         [](const Row& r) { return Json(r.name); }},
    };
    const std::vector<Row> rows{{101, "web"}, {102, ""}, {103, "a\x1b[1m"}};
    CHECK(table_text(columns, rows) ==
          "      CTID NAME\n       101 web\n       102 -\n       103 a\\x1b[1m\n");
    CHECK(
        table_json(columns, rows).dump() ==
        R"([{"ctid": 101, "name": "web"}, {"ctid": 102, "name": ""}, {"ctid": 103, "name": "a\u001b[1m"}])");
    CHECK(select_columns(columns, "name,ctid")->size() == 2);
    CHECK(select_columns(columns, "bogus").error().what == "Unknown field: bogus");
    CHECK_FALSE(select_columns(columns, "name,"));
}

TEST_CASE("a progress line shows part and time left and fits the terminal", "[cli]") {
    const auto line = progress_line("copy", 50, 100, 10, 60);
    CHECK(line.find(" 50%") != std::string::npos);
    CHECK(line.find("0:10 left") != std::string::npos);
    CHECK(line.size() < 60);
    CHECK(progress_line("a\nb", 0, 0, 61, 80) == "a\\nb  1:01");
}

TEST_CASE("the log has the classic stamp, of now, and escapes what it is told", "[cli]") {
    const std::string path = "/tmp/vz-log-test." + std::to_string(::getpid());
    Log(path, "vzctl").write("CT 101", "a\nb");
    std::string line;
    std::getline(std::ifstream(path) >> std::ws, line);
    ::unlink(path.c_str());
    std::smatch match;
    REQUIRE(std::regex_match(
        line, match,
        std::regex("(\\d{4})-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}[+-]\\d{4} vzctl : CT 101 : a\\\\nb")));
    const std::time_t now = std::time(nullptr);
    CHECK(std::stoi(match[1]) == std::localtime(&now)->tm_year + 1900);
}
