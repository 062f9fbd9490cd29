// SPDX-License-Identifier: GPL-2.0-or-later
// Bind mounts: their words, and which folders of the host may be given away.
#include "catch.hpp"

#include "vz/ops/bind_mounts.hpp"

using namespace vz;
using namespace vz::ops;

TEST_CASE("the words of a bind mount", "[ops]") {
    CHECK(parse_bind("/srv/home:/home").value_or({}) == BindMount{"/srv/home", "/home", false, false, false});
    CHECK(parse_bind("/srv:/mnt/x,ro,noexec,nosuid,nodev").value_or({}) ==
          BindMount{"/srv", "/mnt/x", true, true, false});
    CHECK(parse_bind("/srv:/mnt/x,suid").value_or({}) == BindMount{"/srv", "/mnt/x", false, false, true});
    CHECK(parse_bind("/srv/home,ro,rw").value_or({}) ==
          BindMount{"/srv/home", "/srv/home", false, false, false});
    CHECK(parse_bind("/srv/:/home/").value_or({}) == BindMount{"/srv", "/home", false, false, false});
    for (const char* bad : {"",
                            "/",
                            ":",
                            "/srv:",
                            ":/home",
                            "srv:/home",
                            "/srv:home",
                            "/srv:/",
                            "/:/home",
                            "/srv:/a/../b",
                            "/srv:/a/./b",
                            "/srv//a:/b",
                            "/a:/b:/c",
                            "/srv:/home,dev",
                            "/srv:/home,",
                            "/srv:/ho me",
                            "/srv:/a\"b",
                            "/srv:/a$b",
                            "/srv:/a\nb",
                            "/srv:/proc",
                            "/srv:/proc/x",
                            "/srv:/dev/shm",
                            "/srv:/sys",
                            "/srv:/run/x"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_bind(bad));
    }
    CHECK(parse_bind("/srv:/process"));
}

TEST_CASE("a list of bind mounts survives its text", "[ops]") {
    const auto binds = parse_binds(" /a:/b,ro  /c:/d,noexec,suid /e ").value_or({});
    REQUIRE(binds.size() == 3);
    CHECK(binds_text(binds) == "/a:/b,ro /c:/d,noexec,suid /e:/e");
    CHECK(parse_binds(binds_text(binds)).value_or({}) == binds);
    CHECK(parse_binds("").value_or({{}}).empty());
    CHECK_FALSE(parse_binds("/a:/b nonsense"));
    CHECK(binds_text(with_bind(binds, {"/x", "/b", false, false, false})) == "/x:/b /c:/d,noexec,suid /e:/e");
    CHECK(binds_text(without_bind(binds, "/d")) == "/a:/b,ro /e:/e");
    CHECK(binds_text(without_bind(binds, "/a")) == binds_text(binds));
    CHECK(without_bind(binds, "all").empty());
}

TEST_CASE("folders that the host lives from are not given away", "[ops]") {
    const config::HostPaths paths;
    const auto allowed = [&](const char* text) {
        const auto bind = parse_bind(text);
        return bind && check_bind_source_name(paths, *bind).has_value();
    };
    for (const char* good : {"/srv:/x", "/home:/home", "/mnt/a:/x", "/var/www:/x", "/usr/share/doc:/x,ro",
                             "/opt/a:/x", "/etcetera:/x", "/var/lib/vz/shared:/x"})
        CHECK(allowed(good));
    for (const char* bad :
         {"/etc:/x,ro", "/etc/ssl:/x", "/usr:/x", "/usr/local:/x", "/var:/x", "/var/lib:/x,ro",
          "/var/lib/vz:/x", "/var/lib/vz/private/101:/x", "/var/lib/vz/root/101:/x", "/boot:/x,ro",
          "/proc/1/root:/x", "/sys:/x", "/dev:/x", "/run:/x", "/root:/x,ro", "/lib:/x"}) {
        CAPTURE(bad);
        CHECK_FALSE(allowed(bad));
    }
}
