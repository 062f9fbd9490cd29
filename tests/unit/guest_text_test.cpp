// SPDX-License-Identifier: GPL-2.0-or-later
// The text functions behind edits of a container's own files.
#include "catch.hpp"

#include "vz/guest/accounts_text.hpp"
#include "vz/guest/identity_text.hpp"
#include "vz/guest/init.hpp"
#include "vz/guest/users.hpp"

using namespace vz;
using namespace vz::guest;

TEST_CASE("host names follow RFC 1123 and the kernel's limit", "[guest]") {
    for (const char* good : {"web", "WEB-1", "101", "web.example.org", "1.example.org"})
        CHECK(valid_hostname(good));
    for (const char* bad : {"", ".", "web.", ".web", "-web", "web-", "a..b", "a_b", "a b", "web\n", "a\nb",
                            "a\x1b[m", "10.0.0.1", "::1", "wéb", "a/b", "a#b", "a%b"})
        CHECK_FALSE(valid_hostname(bad));
    CHECK(valid_hostname(std::string(63, 'a')));
    CHECK_FALSE(valid_hostname(std::string(64, 'a')));
    CHECK(valid_hostname(std::string(60, 'a') + ".bcd"));
    CHECK_FALSE(valid_hostname(std::string(60, 'a') + ".bcde"));
    CHECK_FALSE(valid_hostname(std::string("web\0x", 5)));
}

TEST_CASE("search domains allow what resolv.conf allows", "[guest]") {
    for (const char* good : {"example.org", "example.org.", ".", "_tcp.example.org", "lan"})
        CHECK(valid_domain(good));
    for (const char* bad : {"", "..", "a..", "a b", "a\nnameserver 6.6.6.6", "a;b", "#a"})
        CHECK_FALSE(valid_domain(bad));
    std::string longest;
    while (longest.size() < 250)
        longest += "a.";
    CHECK(valid_domain(longest + "abc"));
    CHECK_FALSE(valid_domain(longest + "abcd"));
}

TEST_CASE("addresses are literals of either family", "[guest]") {
    for (const char* good : {"10.0.0.1", "255.255.255.255", "::1", "2001:db8::5", "::ffff:10.0.0.1"})
        CHECK(valid_address(good));
    for (const char* bad :
         {"", "inherit", "10.0.0", "10.0.0.256", "10.0.0.1/24", "fe80::1%eth0", "10.0.0.1\n", " ::1"})
        CHECK_FALSE(valid_address(bad));
    CHECK_FALSE(valid_address(std::string("10.0.0.1\0x", 10)));
}

TEST_CASE("an empty hosts file gains loopback and our line", "[guest]") {
    CHECK(edit_hosts("", "web.example.org", {"10.0.0.5"}) == "127.0.0.1\tlocalhost\n"
                                                             "10.0.0.5\tweb.example.org web\t# set by vzctl\n"
                                                             "::1\tlocalhost ip6-localhost ip6-loopback\n"
                                                             "ff02::1\tip6-allnodes\n"
                                                             "ff02::2\tip6-allrouters\n");
}

TEST_CASE("an edit of hosts keeps foreign lines and replaces ours", "[guest]") {
    const std::string foreign = "# my hosts\n127.0.0.1 localhost loop\n10.9.9.9 db # the data base\n\n";
    const auto first = edit_hosts(foreign, "web.example.org", {"10.0.0.5", "2001:db8::5"});
    CHECK(first == "# my hosts\n127.0.0.1 localhost loop\n"
                   "10.0.0.5\tweb.example.org web\t# set by vzctl\n"
                   "2001:db8::5\tweb.example.org web\t# set by vzctl\n"
                   "10.9.9.9 db # the data base\n\n");
    CHECK(edit_hosts(first, "web.example.org", {"10.0.0.5", "2001:db8::5"}) == first);
    const auto second = edit_hosts(first, "mail", {});
    CHECK(second == "# my hosts\n127.0.0.1 localhost loop\n127.0.1.1\tmail\t# set by vzctl\n"
                    "10.9.9.9 db # the data base\n\n");
    CHECK(edit_hosts(second, "mail", {}) == second);
}

TEST_CASE("an edit of hosts adopts the line of a classic tool, and only that", "[guest]") {
    const std::string old =
        "127.0.0.1 localhost\n10.0.0.5 web.example.org  web\n10.0.0.5 alias\n10.0.0.6 web.example.org web";
    CHECK(edit_hosts(old, "web.example.org", {"10.0.0.5"}) ==
          "127.0.0.1 localhost\n10.0.0.5\tweb.example.org web\t# set by vzctl\n10.0.0.5 alias\n"
          "10.0.0.6 web.example.org web\n");
    CHECK(edit_hosts("# no localhost", "web", {}) ==
          "127.0.0.1\tlocalhost\n127.0.1.1\tweb\t# set by vzctl\n# no localhost\n");
}

TEST_CASE("resolv.conf lines of one kind are replaced, others stay", "[guest]") {
    const std::string old = "# mine\ndomain old.org\nsearch old.org\noptions edns0\nnameserver 1.1.1.1\n";
    CHECK(edit_resolver(old, {"10.0.0.1", "::1"}, {}, Empty::keep) ==
          "nameserver 10.0.0.1\nnameserver ::1\n# mine\ndomain old.org\nsearch old.org\noptions edns0\n");
    CHECK(edit_resolver(old, {}, {"a.org", "b.org"}, Empty::keep) ==
          "search a.org b.org\n# mine\noptions edns0\nnameserver 1.1.1.1\n");
    CHECK(edit_resolver(old, {}, {}, Empty::clear) == "# mine\noptions edns0\n");
    CHECK(edit_resolver(old, {}, {}, Empty::keep) == old);
    const auto both = edit_resolver(old, {"10.0.0.1"}, {"a.org"}, Empty::keep);
    CHECK(both == "search a.org\nnameserver 10.0.0.1\n# mine\noptions edns0\n");
    CHECK(edit_resolver(both, {"10.0.0.1"}, {"a.org"}, Empty::keep) == both);
}

TEST_CASE("user names are those that useradd takes", "[guest]") {
    for (const char* good : {"root", "_apt", "www-data", "machine$", "a1"})
        CHECK(valid_user_name(good));
    for (const char* bad : {"", "$", "1a", "-a", "Root", "a:b", "a\nb", "a/b", "..", "a$b", "a b", "a\x7f"})
        CHECK_FALSE(valid_user_name(bad));
    CHECK(valid_user_name(std::string(32, 'a')));
    CHECK_FALSE(valid_user_name(std::string(33, 'a')));
    CHECK_FALSE(valid_user_name(std::string(32, 'a') + "$"));
}

TEST_CASE("passwords hold nothing that breaks a line", "[guest]") {
    CHECK(valid_password("p ä:ss", Hashing::clear));
    CHECK(valid_password("$y$j9T$abc/.$def", Hashing::crypted));
    CHECK(valid_password("!", Hashing::crypted));
    for (const char* bad : {"", "a\nroot::0:0", "a\tb", "\x7f"}) {
        CHECK_FALSE(valid_password(bad, Hashing::clear));
        CHECK_FALSE(valid_password(bad, Hashing::crypted));
    }
    for (const char* bad : {"a:b", "a b", "ä"})
        CHECK_FALSE(valid_password(bad, Hashing::crypted));
    CHECK(valid_password(std::string(511, 'a'), Hashing::clear));
    CHECK_FALSE(valid_password(std::string(512, 'a'), Hashing::clear));
    CHECK_FALSE(valid_password(std::string("a\0b", 3), Hashing::clear));
}

TEST_CASE("entries are found by their whole name", "[guest]") {
    const std::string passwd = "rooty:x:1:\nroot:x:0:0:root:/root:/bin/bash\nroot:y:0\nbin";
    CHECK(entry_field(passwd, "root", 1) == "x");
    CHECK(entry_field(passwd, "root", 6) == "/bin/bash");
    CHECK_FALSE(entry_field(passwd, "root", 7));
    CHECK_FALSE(has_entry(passwd, "roo"));
    CHECK_FALSE(has_entry(passwd, "bin"));
    CHECK_FALSE(has_entry("", "root"));
    CHECK(with_field(passwd, "root", 1, "h") == "rooty:x:1:\nroot:h:0:0:root:/root:/bin/bash\nroot:y:0\nbin");
    CHECK(with_field(passwd, "nobody", 1, "h") == passwd);
    CHECK(with_line("a:b", "c:d") == "a:b\nc:d\n");
    CHECK(with_line("", "c:d") == "c:d\n");
}

TEST_CASE("a shadow password changes two fields or adds a line", "[guest]") {
    const std::string shadow = "root:*:100:0:9:7:3:20000:\nbin:*:1::::::\n";
    CHECK(with_shadow_password(shadow, "root", "$6$x", 20500) ==
          "root:$6$x:20500:0:9:7:3:20000:\nbin:*:1::::::\n");
    CHECK(with_shadow_password(shadow, "joe", "$6$x", 20500) == shadow + "joe:$6$x:20500:0:99999:7:::\n");
    CHECK(with_shadow_password("root:", "root", "h", 5) ==
          "root:h:5::::::"); // as many fields as getspnam wants
}

TEST_CASE("new users get the next ids that both files leave free", "[guest]") {
    const auto ids = [](const char* passwd, const char* group) { return choose_ids(passwd, group, "joe"); };
    REQUIRE(ids("root:x:0:0::/:\n", "root:x:0:\n"));
    CHECK(ids("root:x:0:0::/:\n", "root:x:0:\n")->uid == 1000);
    CHECK(ids("a:x:1003:1003::/:\nnobody:x:65534:65534::/:\n", "a:x:1005:\n")->uid == 1006);
    CHECK(ids("a:x:1003:1007::/:\n", "")->gid == 1008);
    CHECK(ids("a:x:59999:59999::/:\nb:x:1000:1000::/:\n", "")->uid == 1001);
    CHECK(ids("a:x:99999999999999999999:1::/:\nb:x:-1:\nc:x:+5\n", "")->uid == 1000);
    std::string full;
    for (int id = 1000; id < 60000; ++id)
        full += "u" + std::to_string(id) + ":x:" + std::to_string(id) + ":100::/:\n";
    CHECK_FALSE(choose_ids(full, "", "joe"));
}

TEST_CASE("a group left by an interrupted call is used, one with another purpose is not", "[guest]") {
    const auto left = choose_ids("root:x:0:0::/:\n", "joe:x:1000:\n", "joe");
    REQUIRE(left);
    CHECK(left->group_exists);
    CHECK((left->uid == 1000 && left->gid == 1000));
    CHECK_FALSE(choose_ids("", "joe:x:27:\n", "joe"));                     // a system group, such as sudo
    CHECK_FALSE(choose_ids("", "joe:x:1000:ann\n", "joe"));                // has members
    CHECK_FALSE(choose_ids("ann:x:1:1000::/:\n", "joe:x:1000:\n", "joe")); // somebody's primary group
    CHECK_FALSE(choose_ids("", "joe:x:bad:\n", "joe"));
    CHECK_FALSE(choose_ids("", "joe:", "joe"));
}

TEST_CASE("the hash is one the guest can verify", "[guest]") {
    CHECK(crypt_prefix("# ENCRYPT_METHOD SHA512\nENCRYPT_METHOD YESCRYPT\n") == "$y$");
    CHECK(crypt_prefix("ENCRYPT_METHOD\tSHA512\n") == "$6$");
    CHECK(crypt_prefix("ENCRYPT_METHOD DES") == "$6$");
    CHECK(crypt_prefix("ENCRYPT_METHOD") == "$6$");
    CHECK(crypt_prefix("") == "$6$");
}

TEST_CASE("os-release is read as data", "[guest]") {
    const auto debian = parse_os_release("PRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\nNAME='Debian'\n"
                                         "VERSION_ID=\"13\"\nVERSION_CODENAME=trixie\nID=debian\n");
    CHECK(debian.id == "debian");
    CHECK(debian.version_id == "13");
    CHECK(debian.codename == "trixie");
    CHECK(debian.pretty_name == "Debian GNU/Linux 13 (trixie)");
    const auto hostile =
        parse_os_release("ID=\"../../etc\"\nVERSION_ID=$(reboot)\nPRETTY_NAME=\"a\x1b[31m\\\"b\"\n=\n\nID");
    CHECK(hostile.id == "linux");
    CHECK(hostile.version_id.empty());
    CHECK(hostile.pretty_name == "a\\x1b[31m\"b");
    CHECK(parse_os_release("PRETTY_NAME=" + std::string(100000, 'a')).pretty_name.size() == 256);
    CHECK(parse_os_release("").id == "linux");
}
