// SPDX-License-Identifier: GPL-2.0-or-later
#include "catch.hpp"

#include "vz/archive/member.hpp"

using namespace vz;
using namespace vz::archive;

namespace {

using Verdict = MemberCheck::Verdict;

Member member(std::string path, MemberType type = MemberType::regular, std::string link = {}) {
    Member out;
    out.path = std::move(path);
    out.type = type;
    out.link = std::move(link);
    return out;
}

// The verdict on the last of the members; the others must be admitted.
Result<Verdict> last(std::vector<Member> members) {
    MemberCheck check(1000);
    for (std::size_t i = 0; i + 1 < members.size(); ++i)
        REQUIRE(check.admit(members[i]));
    return check.admit(members.back());
}

bool refused(std::vector<Member> members) {
    const auto verdict = last(std::move(members));
    return !verdict && verdict.error().code == Errc::bad_template;
}

Member device(MemberType type, std::string path, unsigned major, unsigned minor) {
    auto out = member(std::move(path), type);
    out.major = major;
    out.minor = minor;
    return out;
}

} // namespace

TEST_CASE("member names become plain relative paths", "[archive]") {
    CHECK(*member_path("./etc/passwd") == "etc/passwd");
    CHECK(*member_path("etc//x/") == "etc/x");
    CHECK(*member_path("./") == "");
    CHECK(*member_path(".") == "");
    CHECK(*member_path("a/./b") == "a/b");
    CHECK(*member_path("...") == "...");
    CHECK(*member_path("a/..b") == "a/..b");
}

TEST_CASE("member names that lead out are refused", "[archive]") {
    for (const char* name : {"", "/etc/passwd", "//x", "../x", "a/../../x", "a/..", "..", "./../x"}) {
        INFO(name);
        CHECK_FALSE(member_path(name));
    }
    CHECK_FALSE(member_path(std::string_view("a\0b", 3)));
    CHECK_FALSE(member_path(std::string(256, 'a')));
    CHECK(member_path(std::string(255, 'a')));
    std::string deep;
    for (int i = 0; i < 2100; ++i)
        deep += "a/";
    CHECK_FALSE(member_path(deep));
}

TEST_CASE("a message about a member shows no control characters", "[archive]") {
    const auto path = member_path("../\x1b[2Jx\n");
    REQUIRE_FALSE(path);
    CHECK(path.error().what.find('\x1b') == std::string::npos);
    CHECK(path.error().what.find('\n') == std::string::npos);
}

TEST_CASE("a member may come twice only as a folder", "[archive]") {
    const auto folder = MemberType::folder;
    const auto link = MemberType::symlink;
    CHECK(last({member("etc", folder), member("./etc/", folder)}));
    CHECK(refused({member("etc/", folder), member("etc", link, "/")}));
    CHECK(refused({member("etc/passwd"), member("etc", link, "/")}));
    CHECK(refused({member("etc", link, "/"), member("etc", folder)}));
    CHECK(refused({member("a"), member("a")}));
    CHECK(refused({member("a"), member("a/", folder)}));
    CHECK(refused({member("a", MemberType::fifo), member("a")}));
}

TEST_CASE("nothing lies below what is not a folder", "[archive]") {
    CHECK(refused({member("etc", MemberType::symlink, "/etc"), member("etc/shadow")}));
    CHECK(refused({member("a"), member("a/b")}));
    CHECK(refused({member("a"), member("b", MemberType::hard_link, "a"), member("b/c")}));
    CHECK(refused({device(MemberType::char_device, "dev/null", 1, 3), member("dev/null/x")}));
    CHECK(last({member("a/b/c"), member("a/b/d")}));
}

TEST_CASE("a hard link leads to an earlier file of the archive", "[archive]") {
    const auto hard = MemberType::hard_link;
    auto good = member("b", hard, "./a");
    MemberCheck check(10);
    auto first = member("a");
    REQUIRE(check.admit(first));
    REQUIRE(check.admit(good));
    CHECK(good.link == "a");
    CHECK(refused({member("b", hard, "a")}));
    CHECK(refused({member("b", hard, "b")}));
    CHECK(refused({member("a"), member("b", hard, "/a")}));
    CHECK(refused({member("a"), member("b", hard, "../a")}));
    CHECK(refused({member("a", MemberType::symlink, "/etc/shadow"), member("b", hard, "a")}));
    CHECK(refused({member("a", MemberType::folder), member("b", hard, "a")}));
}

TEST_CASE("devices are refused but for the standard ones, which are left out", "[archive]") {
    const auto chr = MemberType::char_device;
    CHECK(*last({device(chr, "dev/null", 1, 3)}) == Verdict::leave_out);
    CHECK(*last({device(chr, "./dev/tty12", 4, 12)}) == Verdict::leave_out);
    CHECK(*last({device(chr, "dev/ptyp0", 2, 0)}) == Verdict::leave_out);
    CHECK(refused({device(chr, "dev/null", 1, 1)}));
    CHECK(refused({device(chr, "dev/mem", 1, 1)}));
    CHECK(refused({device(chr, "null", 1, 3)}));
    CHECK(refused({device(chr, "etc/null", 1, 3)}));
    CHECK(refused({device(MemberType::block_device, "dev/sda", 8, 0)}));
    CHECK(refused({device(MemberType::block_device, "dev/null", 1, 3)}));
    CHECK(*last({member("run/x", MemberType::socket)}) == Verdict::leave_out);
    CHECK(refused({member("x", MemberType::unknown)}));
}

TEST_CASE("owners outside of a container's range are refused", "[archive]") {
    auto odd = member("a");
    odd.uid = 65535;
    CHECK(last({odd}));
    odd.uid = 65536;
    CHECK(refused({odd}));
    odd.uid = 0;
    odd.gid = -1;
    CHECK(refused({odd}));
}

TEST_CASE("the root is a folder and the number of members is limited", "[archive]") {
    CHECK(last({member(".", MemberType::folder)}));
    CHECK(refused({member(".", MemberType::symlink, "/")}));
    CHECK(refused({member("./")}));
    CHECK(refused({member("x", MemberType::symlink, "")}));
    MemberCheck check(1);
    auto a = member("a");
    auto b = member("b");
    CHECK(check.admit(a));
    CHECK_FALSE(check.admit(b));
}
