// SPDX-License-Identifier: GPL-2.0-or-later
#include "catch.hpp"

#include "vz/templates/clean.hpp"
#include "vz/templates/fetch.hpp"
#include "vz/templates/recipe.hpp"

#include <map>

using namespace vz;
using namespace vz::templates;

namespace {

const std::map<std::string, std::string> k_parts{
    {"base.inc", "DISTRIBUTION=debian\nCOMPONENTS=main\nPACKAGES=b a\nMASK=getty@.service"},
    {"arch.inc", "ARCHITECTURE=amd64\n"},
    {"more.inc", "INCLUDE=base.inc\nPACKAGES=c\n"},
    {"loop.inc", "INCLUDE=loop.inc\n"},
    {"bad.inc", "NONSENSE\n"},
};

Result<std::string> part(const std::string& file) {
    const auto found = k_parts.find(file);
    return found == k_parts.end() ? Result<std::string>(fail(Errc::bad_config, "{} is missing", file))
                                  : Result<std::string>(found->second);
}

Result<Recipe> parse(std::string_view text) {
    return parse_recipe("x", text, part);
}

std::string fault(std::string_view text) {
    const auto recipe = parse(text);
    REQUIRE_FALSE(recipe);
    CHECK(recipe.error().code == Errc::bad_config);
    return recipe.error().what;
}

} // namespace

TEST_CASE("a recipe is the sum of its parts", "[templates]") {
    const auto recipe =
        parse("# text\nDESCRIPTION=A, b = c\nSUITE=trixie\nINCLUDE=arch.inc\nINCLUDE=more.inc\n"
              "PACKAGES=d a\n  REMOVE=usr/share/doc\n");
    REQUIRE(recipe);
    CHECK(recipe->description == "A, b = c");
    CHECK(recipe->packages == std::vector<std::string>{"a", "b", "c", "d"});
    CHECK(recipe->masked == std::vector<std::string>{"getty@.service"});
    CHECK(recipe->removed == std::vector<std::string>{"usr/share/doc"});
    CHECK(recipe->architecture == "amd64");
    // Comments, order and description do not change what is built.
    CHECK(canonical_text(*recipe) ==
          canonical_text(
              *parse("INCLUDE=base.inc\nPACKAGES=d\nPACKAGES=c\nREMOVE=usr/share/doc\nARCHITECTURE=i386\n"
                     "INCLUDE=arch.inc\nSUITE=trixie\n")));
}

TEST_CASE("faults of a recipe name file and line", "[templates]") {
    CHECK(fault("SUITE=trixie\nINCLUDE=bad.inc\n").find("line 2: bad.inc: line 1") != std::string::npos);
    CHECK(fault("INCLUDE=loop.inc\n").find("too deeply") != std::string::npos);
    CHECK(fault("INCLUDE=absent.inc\n").find("missing") != std::string::npos);
    CHECK(fault("").find("SUITE") != std::string::npos);
    for (const char* line : {"INCLUDE=../base.inc",
                             "INCLUDE=/etc/passwd",
                             "INCLUDE=.inc",
                             "PACKAGES=a;b",
                             "PACKAGES=-o",
                             "PACKAGES=a,b",
                             "PACKAGES=a/sid",
                             "MASK=x",
                             "MASK=../x.service",
                             "MASK=.service",
                             "REMOVE=../x",
                             "REMOVE=/x",
                             "REMOVE=.",
                             "SUITE=-x",
                             "SUITE=a b",
                             "SUITE=",
                             "ARCHITECTURE=$(x)",
                             "COMPONENTS=main;",
                             "OTHER=1",
                             "DESCRIPTION=a\x1b[2J"}) {
        INFO(line);
        fault(line);
    }
}

TEST_CASE("shadow is locked and its dates are reproducible", "[templates]") {
    CHECK(cleaned_shadow("root::20778:0:99999:7:::\nbin:*:20778:0:99999:7:::\nx:!:::::::\n", 86400 * 100) ==
          "root:*:100:0:99999:7:::\nbin:*:100:0:99999:7:::\nx:!:::::::\n");
    CHECK(cleaned_shadow("", 0).empty());
}

TEST_CASE("installed packages are read from dpkg's status", "[templates]") {
    const auto packages =
        parse_dpkg_status("Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\n"
                          "Version: 1:1.3\nDescription: x\n Package: no\n\n"
                          "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n"
                          "Package: apt\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3");
    CHECK(packages == std::vector<Package>{{"apt", "3", "amd64"}, {"zlib1g", "1:1.3", "amd64"}});
}

TEST_CASE("a digest is found in the text of sha256sum", "[templates]") {
    const std::string a(64, 'a');
    const std::string b(64, 'b');
    CHECK(*digest_in(a + "\n", "x.tar") == a);
    CHECK(*digest_in(a + "  y.tar\n" + b + " *dir/x.tar\n", "x.tar") == b);
    CHECK(*digest_in(std::string(64, 'A') + "  x.tar", "x.tar") == a);
    CHECK_FALSE(digest_in(a + "  y.tar\n", "x.tar"));
    CHECK_FALSE(digest_in("", "x.tar"));
    CHECK_FALSE(digest_in("<html>", "x.tar"));
}
