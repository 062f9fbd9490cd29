// SPDX-License-Identifier: GPL-2.0-or-later
// NUM.conf and vz.conf: what survives, what is refused.
#include "catch.hpp"

#include "vz/config/conf_file.hpp"
#include "vz/config/container.hpp"
#include "vz/config/ctid.hpp"

using namespace vz;
using namespace vz::config;

TEST_CASE("unknown keys, comments and order survive a change", "[config]") {
    const std::string before = "# UUID: 5c0c\nPHYSPAGES=\"0:256M\"  # ram\n\n  WEIRD_key='a b'\nNAME=web\n";
    auto file = ConfFile::parse(before);
    REQUIRE(file);
    CHECK(file->text() == before);
    REQUIRE(file->set("PHYSPAGES", "0:131072"));
    REQUIRE(file->set("HOSTNAME", "web.example"));
    CHECK(file->text() == "# UUID: 5c0c\nPHYSPAGES=\"0:131072\"  # ram\n\n  WEIRD_key='a "
                          "b'\nNAME=web\nHOSTNAME=\"web.example\"\n");
    REQUIRE(file->set("NAME", "web"));
    CHECK(file->text().find("NAME=web\n") != std::string::npos); // unchanged value: unchanged line
}

TEST_CASE("values are quoted so that a shell reads them back", "[config]") {
    ConfFile file;
    const std::string nasty = R"({"a": "b", "c": "$HOME `id` \ ' "})";
    REQUIRE(file.set("DESCRIPTION", nasty));
    CHECK(file.text() ==
          "DESCRIPTION=\"{\\\"a\\\": \\\"b\\\", \\\"c\\\": \\\"\\$HOME \\`id\\` \\\\ ' \\\"}\"\n");
    CHECK(*ConfFile::parse(file.text())->get("DESCRIPTION") == nasty);
    REQUIRE(file.set("VE_ROOT", "/vz/root/$VEID"));
    CHECK(file.text().find("VE_ROOT=\"/vz/root/$VEID\"") != std::string::npos);
    CHECK_FALSE(file.set("HOSTNAME", "a\nlxc.hook=x"));
}

TEST_CASE("broken configurations are refused with their line", "[config]") {
    for (const char* bad :
         {"A=\"x", "A='x\nB=1", "just text", "=x", "A=\"x\" y", "A=1\nA=2\n", "A=\x01", "1 A=2"}) {
        INFO(bad);
        REQUIRE_FALSE(ConfFile::parse(bad));
        CHECK(ConfFile::parse(bad).error().code == Errc::bad_config);
        CHECK(ConfFile::parse(bad).error().what.rfind("line ", 0) == 0);
    }
    CHECK_FALSE(ConfFile::parse(std::string("A=1\0B=2", 7)));
    CHECK(ConfFile::parse("A=1\nA=1\n")); // the same twice is no contradiction
    CHECK(*ConfFile::parse("export A=\"x y\"\r\n")->get("A") == "x y");
}

TEST_CASE("container ids and names have the classic bounds", "[config]") {
    CHECK(Ctid::parse("0")->is_host());
    CHECK(Ctid::parse("2147483644")->value() == 2147483644);
    for (const char* bad : {"", "2147483645", "-1", "1a", " 1", "99999999999999999999", "0101"})
        CHECK_FALSE(Ctid::parse(bad));
    for (const char* good : {"web", "web-1.example", "my box", "a+b_c"})
        CHECK(is_valid_name(good));
    for (const char* bad : {"", "101", "..", ".", "a/b", "a\nb", "-x", " a", "a "})
        CHECK_FALSE(is_valid_name(bad));
    CHECK_FALSE(is_valid_name(std::string(65, 'a')));
}

TEST_CASE("limits are pairs in the key's unit", "[config]") {
    CHECK(*parse_limit("0:256M", 4096, 4096) == Limit{0, 65536});
    CHECK(*parse_limit("100") == Limit{100, 100});
    CHECK(limit_text(*parse_limit("1:unlimited")) == "1:unlimited");
    CHECK_FALSE(parse_limit("1:2:3"));
    CHECK_FALSE(parse_limit(""));
}

TEST_CASE("a container's key wins over the host's", "[config]") {
    Host host{HostPaths{"/r"},
              *ConfFile::parse("VE_PRIVATE=/vz/private/$VEID\nSTOP_TIMEOUT=5\nVE_LAYOUT=overlay\n")};
    const Container ct(host, Ctid(101),
                       *ConfFile::parse("VE_LAYOUT=simfs\nVE_ROOT=\"/x/${VEID}\"\nIP_ADDRESS=\" 10.0.0.1  "
                                        "10.0.0.2 \"\nLOCAL_UID=100000\nLOCAL_GID=100000\n"));
    CHECK(ct.layout() == Layout::dir);
    CHECK(ct.private_area() == "/r/vz/private/101");
    CHECK(ct.root() == "/r/x/101");
    CHECK(ct.stop_timeout() == 5);
    CHECK(ct.addresses() == std::vector<std::string>{"10.0.0.1", "10.0.0.2"});
    CHECK(ct.id_range()->uid_base == 100000);
    CHECK(Container(host, Ctid(1), ConfFile{}).layout() == Layout::dir); // as OpenVZ left it
    CHECK_FALSE(Container(host, Ctid(1), *ConfFile::parse("LOCAL_UID=0\nLOCAL_GID=0\n")).id_range());
}

TEST_CASE("LOGGING=no leaves no log file", "[config]") {
    CHECK(Host{HostPaths{"/r"}, *ConfFile::parse("LOGFILE=/var/log/x\n")}.log_file() == "/r/var/log/x");
    CHECK(Host{HostPaths{"/r"}, *ConfFile::parse("LOGFILE=/var/log/x\nLOGGING=no\n")}.log_file().empty());
}
