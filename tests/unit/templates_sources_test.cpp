// SPDX-License-Identifier: GPL-2.0-or-later
#include "catch.hpp"

#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"
#include "vz/templates/sources.hpp"

#include <cstdlib>

using namespace vz;
using namespace vz::templates;

namespace {

constexpr const char* k_bookworm = R"(# the installer wrote this
Types: deb deb-src
URIs: http://mirror.example.org/debian/
# a comment inside
Suites: bookworm bookworm-updates
Components: main non-free-firmware
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://security.example.org/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Enabled: no
Types: deb
URIs: http://off.example.org/debian
Suites: trixie
Components: main
)";

std::vector<std::string> derived_uris(const std::vector<Source>& host) {
    std::vector<std::string> out;
    const auto sources = derive_sources(host, "trixie", {"main"});
    REQUIRE(sources);
    for (const auto& source : *sources)
        for (const auto& suite : source.suites)
            out.push_back(source.uris[0] + " " + suite);
    return out;
}

} // namespace

TEST_CASE("deb822 sources are read", "[templates]") {
    const auto sources = parse_deb822(k_bookworm);
    REQUIRE(sources.size() == 2);
    CHECK(sources[0].uris == std::vector<std::string>{"http://mirror.example.org/debian/"});
    CHECK(sources[0].suites == std::vector<std::string>{"bookworm", "bookworm-updates"});
    CHECK(sources[0].components == std::vector<std::string>{"main", "non-free-firmware"});
    CHECK(sources[0].signed_by == "/usr/share/keyrings/debian-archive-keyring.gpg");
    CHECK(parse_deb822("Types: deb-src\nURIs: http://x/\nSuites: sid\n").empty());
    CHECK(parse_deb822("Types: deb\nSuites: sid\n").empty());
    CHECK(parse_deb822("").empty());
}

TEST_CASE("a release without its updates", "[templates]") {
    const auto derived = derive_sources(parse_deb822(k_bookworm), "trixie", {"main"});
    REQUIRE(derived);
    REQUIRE(derived->size() == 2);
    const auto alone = only_suite("trixie", *derived);
    REQUIRE(alone.size() == 1);
    CHECK(alone[0].suites == std::vector<std::string>{"trixie"});
    CHECK(alone[0].uris == (*derived)[0].uris);
    CHECK(alone[0].signed_by == (*derived)[0].signed_by);
    CHECK(only_suite("sid", *derived).empty());
}

TEST_CASE("a key block in Signed-By survives", "[templates]") {
    const auto sources =
        parse_deb822("Types: deb\nURIs: http://x/\nSuites: sid\nComponents: main\n"
                     "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQ\n -----END\n");
    REQUIRE(sources.size() == 1);
    const auto again = parse_deb822(deb822_text(sources));
    REQUIRE(again.size() == 1);
    CHECK(again[0].signed_by == sources[0].signed_by);
    CHECK(sources[0].signed_by.find("mQ") != std::string::npos);
}

TEST_CASE("one-line sources are read", "[templates]") {
    const auto sources =
        parse_one_line("# deb http://no/ x main\n"
                       "deb-src http://no/ sid main\n"
                       "deb http://a.example.org/debian bookworm main contrib # why\n"
                       "deb [ arch=amd64 signed-by=/k.gpg check-valid-until=no ] http://b/ sid main\n"
                       "\tdeb [trusted=yes] file:/srv/mirror trixie main\r\n"
                       "deb\ndeb x\ndeb [broken http://c/ sid main\n");
    REQUIRE(sources.size() == 3);
    CHECK(sources[0].components == std::vector<std::string>{"main", "contrib"});
    CHECK(sources[1].signed_by == "/k.gpg");
    CHECK_FALSE(sources[1].check_valid_until);
    CHECK(sources[2].trusted);
    CHECK(sources[2].uris == std::vector<std::string>{"file:/srv/mirror"});
}

TEST_CASE("another suite comes from the host's own mirror", "[templates]") {
    CHECK(derived_uris(parse_deb822(k_bookworm)) ==
          std::vector<std::string>{"http://mirror.example.org/debian/ trixie",
                                   "http://mirror.example.org/debian/ trixie-updates",
                                   "http://security.example.org/debian-security trixie-security"});
    CHECK(derived_uris(parse_one_line("deb http://m/debian stable main\n")) ==
          std::vector<std::string>{"http://m/debian trixie"});
    CHECK(derived_uris(parse_one_line("deb http://m/debian sid main\n")) ==
          std::vector<std::string>{"http://m/debian trixie"});
}

TEST_CASE("third parties with Debian's suite names are not taken for Debian", "[templates]") {
    const auto host = parse_one_line("deb [signed-by=/k/php.gpg] https://php.example.org/ bookworm main\n"
                                     "deb https://docker.example.org/linux/debian bookworm stable\n"
                                     "deb http://apt.example.org/pg bookworm-pgdg main\n"
                                     "deb https://cloud.example.org/apt cloud-sdk-bookworm main\n"
                                     "deb https://node.example.org/ nodistro main\n"
                                     "deb http://real.example.org/debian bookworm main\n"
                                     "deb http://real.example.org/debian bookworm-backports main\n");
    CHECK(derived_uris(host) == std::vector<std::string>{"http://real.example.org/debian trixie"});
    const auto none = derive_sources(parse_one_line("deb http://ubuntu.example.org/ubuntu noble main\n"),
                                     "trixie", {"main"});
    REQUIRE_FALSE(none);
    CHECK(none.error().what.find("--mirror") != std::string::npos);
}

TEST_CASE("lists of mirrors and both kinds of files are read", "[templates]") {
    char name[] = "/tmp/vz-sources-test.XXXXXX";
    const std::string root = ::mkdtemp(name);
    REQUIRE(sys::make_dirs(root + "/etc/apt/sources.list.d"));
    REQUIRE(sys::make_dirs(root + "/etc/apt/mirrors"));
    REQUIRE(sys::write_file_atomic(
        root + "/etc/apt/mirrors/debian.list",
        "# cloud\nhttps://a.example.org/debian\thttps\nhttps://b.example.org/debian\n"));
    REQUIRE(sys::write_file_atomic(
        root + "/etc/apt/sources.list.d/debian.sources",
        "Types: deb\nURIs: mirror+file:///etc/apt/mirrors/debian.list\nSuites: bookworm\n"
        "Components: main\n"));
    REQUIRE(sys::write_file_atomic(root + "/etc/apt/sources.list.d/x.list", "deb http://x/ nodistro main\n"));
    REQUIRE(sys::write_file_atomic(root + "/etc/apt/sources.list.d/y.list.disabled",
                                   "deb http://y/ bookworm main\n"));
    const auto sources = read_host_sources(root);
    REQUIRE(sources);
    REQUIRE(sources->size() == 2);
    CHECK((*sources)[0].uris ==
          std::vector<std::string>{"https://a.example.org/debian", "https://b.example.org/debian"});
    (void)sys::Dir::open("/tmp")->remove_tree(root.substr(5));
    CHECK(read_host_sources(root)->empty());
}

TEST_CASE("the date of a Release file", "[templates]") {
    CHECK(release_date("Origin: Debian\nDate: Sat, 06 Sep 2025 10:19:31 UTC\n") == 1757153971);
    CHECK(release_date("-----BEGIN PGP SIGNED MESSAGE-----\nDate: Thu, 01 Jan 1998 00:00:00 UTC\n") ==
          883612800);
    for (const char* text :
         {"", "Date:\n", "Date: yesterday\n", "Date: Sat, 06 Foo 2025 10:19:31 UTC\n",
          "Date: Sat, 99 Sep 2025 10:19:31 UTC\n", "Date: Sat, 06 Sep 99999 10:19:31 UTC\n"})
        CHECK(release_date(text) == 0);
}

TEST_CASE("credentials of a mirror are not told", "[templates]") {
    CHECK(without_credentials("https://me:secret@m.example.org/debian") == "https://m.example.org/debian");
    CHECK(without_credentials("https://m.example.org/a@b") == "https://m.example.org/a@b");
    CHECK(without_credentials("file:/srv/x") == "file:/srv/x");
}
