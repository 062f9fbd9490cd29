// SPDX-License-Identifier: GPL-2.0-or-later
// Edits of a guest's files on a real tree: results, kept rights, locks, kills, and the container's own
// rights.
#include "guest_tree.hpp"

#include "vz/base/text.hpp"
#include "vz/guest/accounts_text.hpp"
#include "vz/guest/identity.hpp"
#include "vz/guest/init.hpp"
#include "vz/guest/users.hpp"
#include "vz/sys/userns.hpp"

#include <array>
#include <chrono>
#include <crypt.h>
#include <csignal>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <sys/xattr.h>

using namespace vz;
using namespace vz::guest;
using namespace guest_test;

namespace {

struct stat stat_of(const fs::path& path) {
    struct stat st {};
    REQUIRE(::lstat(path.c_str(), &st) == 0);
    return st;
}

std::string hash_of(const Tree& tree, const char* user) {
    return entry_field(get(tree.root() / "etc/shadow"), user, 1).value_or("");
}

bool accepts(const std::string& hash, const char* password) {
    crypt_data work{};
    const char* again = ::crypt_r(password, hash.c_str(), &work);
    return again != nullptr && hash == again;
}

std::size_t count(const std::string& file, const std::string& line_start) {
    std::size_t n = 0;
    for (const auto& line : text::split(file, '\n'))
        n += line.starts_with(line_start) ? 1 : 0;
    return n;
}

// A POSIX ACL as its extended attribute stores it (linux/posix_acl_xattr.h): user 1234 may read.
std::string acl_with_reader() {
    struct Item {
        std::uint16_t tag;
        std::uint16_t rights;
        std::uint32_t id;
    };
    const std::uint32_t version = 2;
    const std::array<Item, 5> items{
        {{1, 6, UINT32_MAX}, {2, 4, 1234}, {4, 4, UINT32_MAX}, {16, 4, UINT32_MAX}, {32, 0, UINT32_MAX}}};
    return std::string(reinterpret_cast<const char*>(&version), sizeof version) +
           std::string(reinterpret_cast<const char*>(items.data()), sizeof items);
}

std::string acl_of(const fs::path& path) {
    char acl[256];
    const auto size = ::getxattr(path.c_str(), "system.posix_acl_access", acl, sizeof acl);
    return std::string(acl, size > 0 ? static_cast<std::size_t>(size) : 0);
}

// Runs `work` in a child and kills it at its system call number `calls`. False: it had ended by itself
// before.
bool killed_at(int calls, const std::function<void()>& work) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        ::raise(SIGSTOP);
        work();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    for (int i = 0; i < calls && WIFSTOPPED(status); ++i) {
        ::ptrace(PTRACE_SYSCALL, pid, nullptr, nullptr);
        ::waitpid(pid, &status, 0);
    }
    if (!WIFSTOPPED(status))
        return false;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, &status, 0);
    return true;
}

} // namespace

TEST_CASE("identity reaches the three files, once", "[guest]") {
    Tree tree;
    const Identity identity{"web.example.org", {"10.0.0.5"}, {"10.0.0.1", "::1"}, {"example.org"}};
    REQUIRE(apply(tree.dir(), identity));
    CHECK(get(tree.root() / "etc/hostname") == "web.example.org\n");
    CHECK(get(tree.root() / "etc/hosts") ==
          "127.0.0.1 localhost\n10.0.0.5\tweb.example.org web\t# set by vzctl\n10.9.9.9 guest\n");
    CHECK(get(tree.root() / "etc/resolv.conf") ==
          "search example.org\nnameserver 10.0.0.1\nnameserver ::1\noptions edns0 guest\n");
    std::vector<ino_t> before;
    std::vector<ino_t> after;
    for (const char* file : {"etc/hosts", "etc/hostname", "etc/resolv.conf"})
        before.push_back(stat_of(tree.root() / file).st_ino);
    REQUIRE(apply(tree.dir(), identity));
    for (const char* file : {"etc/hosts", "etc/hostname", "etc/resolv.conf"})
        after.push_back(stat_of(tree.root() / file).st_ino);
    CHECK(before == after); // nothing was written
}

TEST_CASE("empty values leave the files alone, absent files are made", "[guest]") {
    Tree tree;
    REQUIRE(apply(tree.dir(), {}));
    CHECK(get(tree.root() / "etc/hostname") == "guest\n");
    CHECK(get(tree.root() / "etc/resolv.conf") == "options edns0 guest\n");
    for (const char* file : {"etc/hosts", "etc/hostname", "etc/resolv.conf"})
        fs::remove(tree.root() / file);
    REQUIRE(apply(tree.dir(), {"web", {}, {"10.0.0.1"}, {}}));
    CHECK(get(tree.root() / "etc/resolv.conf") == "nameserver 10.0.0.1\n");
    CHECK((stat_of(tree.root() / "etc/hosts").st_mode & 07777U) == 0644);
    REQUIRE(set_resolver(tree.dir(), {}, {}, Empty::clear));
    CHECK(get(tree.root() / "etc/resolv.conf").empty());
}

TEST_CASE("hosts keeps the lines behind a link that stays inside", "[guest]") {
    Tree tree;
    fs::rename(tree.root() / "etc/hosts", tree.root() / "etc/hosts.real");
    fs::create_symlink("/etc/hosts.real", tree.root() / "etc/hosts");
    REQUIRE(set_hosts(tree.dir(), "web", {"10.0.0.5"}));
    CHECK_FALSE(fs::is_symlink(tree.root() / "etc/hosts"));
    CHECK(get(tree.root() / "etc/hosts").find("10.9.9.9 guest\n") != std::string::npos);
    CHECK(get(tree.root() / "etc/hosts.real").find("10.0.0.5") == std::string::npos);
}

TEST_CASE("a password can be used, and rights of the file stay", "[guest][root]") {
    if (!is_root())
        return;
    Tree tree;
    REQUIRE(set_password(tree.dir(), "ann", "s3cret: ü"));
    CHECK(hash_of(tree, "ann").starts_with("$6$"));
    CHECK(accepts(hash_of(tree, "ann"), "s3cret: ü"));
    CHECK_FALSE(accepts(hash_of(tree, "ann"), "other"));
    CHECK(hash_of(tree, "root") == "*");
    const auto st = stat_of(tree.root() / "etc/shadow");
    CHECK((st.st_mode & 07777U) == 0640);
    CHECK((st.st_uid == 0 && st.st_gid == 42));
    put(tree.root() / "etc/login.defs", "ENCRYPT_METHOD YESCRYPT\n");
    REQUIRE(set_password(tree.dir(), "ann", "again"));
    CHECK(hash_of(tree, "ann").starts_with("$y$"));
    CHECK(accepts(hash_of(tree, "ann"), "again"));
    REQUIRE(set_password(tree.dir(), "ann", "$6$salt$hash", Hashing::crypted));
    CHECK(hash_of(tree, "ann") == "$6$salt$hash");
    CHECK(get(tree.root() / "etc/passwd").find("ann:x:1000:") != std::string::npos);
}

TEST_CASE("an ACL of the file stays, one of the folder is not inherited", "[guest][root]") {
    if (!is_root())
        return;
    Tree tree;
    const auto shadow = tree.root() / "etc/shadow";
    const auto acl = acl_with_reader();
    if (::setxattr(shadow.c_str(), "system.posix_acl_access", acl.data(), acl.size(), 0) != 0) {
        WARN("skipped: no ACLs on /tmp");
        return;
    }
    REQUIRE(::setxattr((tree.root() / "etc").c_str(), "system.posix_acl_default", acl.data(), acl.size(),
                       0) == 0);
    REQUIRE(set_password(tree.dir(), "joe", "!", Hashing::crypted));
    CHECK(acl_of(shadow) == acl);
    CHECK(acl_of(tree.root() / "etc/gshadow").empty());
    CHECK((stat_of(tree.root() / "etc/gshadow").st_mode & 07777U) == 0640);
}

TEST_CASE("without shadow the hash goes to passwd; a hash in passwd goes when shadow exists",
          "[guest][root]") {
    if (!is_root())
        return;
    Tree tree;
    put(tree.root() / "etc/passwd", "root:$1$old:0:0::/root:/bin/sh\n");
    REQUIRE(set_password(tree.dir(), "root", "$6$new", Hashing::crypted));
    CHECK(get(tree.root() / "etc/passwd") == "root:x:0:0::/root:/bin/sh\n");
    CHECK(hash_of(tree, "root") == "$6$new");
    fs::remove(tree.root() / "etc/shadow");
    fs::remove(tree.root() / "etc/gshadow");
    REQUIRE(set_password(tree.dir(), "root", "$6$plain", Hashing::crypted));
    REQUIRE(set_password(tree.dir(), "joe", "$6$joe", Hashing::crypted));
    CHECK(get(tree.root() / "etc/passwd") ==
          "root:$6$plain:0:0::/root:/bin/sh\njoe:$6$joe:1001:1001::/home/joe:/bin/sh\n");
    CHECK_FALSE(fs::exists(tree.root() / "etc/shadow"));
    CHECK_FALSE(fs::exists(tree.root() / "etc/gshadow"));
}

TEST_CASE("an absent user is made with group, home and skeleton", "[guest][root]") {
    if (!is_root())
        return;
    Tree tree;
    put(tree.root() / "bin/bash", "#!", 0755);
    put(tree.root() / "etc/skel/script", "#!", 04755);
    REQUIRE(set_password(tree.dir(), "joe", "secret"));
    CHECK(get(tree.root() / "etc/passwd").ends_with("joe:x:1001:1001::/home/joe:/bin/bash\n"));
    CHECK(get(tree.root() / "etc/group").ends_with("joe:x:1001:\n"));
    CHECK(get(tree.root() / "etc/gshadow").ends_with("joe:!::\n"));
    CHECK(accepts(hash_of(tree, "joe"), "secret"));
    const auto home = stat_of(tree.root() / "home/joe");
    CHECK((home.st_uid == 1001 && home.st_gid == 1001 && (home.st_mode & 07777U) == 0700));
    const auto profile = stat_of(tree.root() / "home/joe/.profile");
    CHECK((profile.st_uid == 1001 && (profile.st_mode & 07777U) == 0644));
    CHECK((stat_of(tree.root() / "home/joe/script").st_mode & 07777U) == 0755); // no setuid bit
    CHECK(get(tree.root() / "home/joe/.profile") == "# guest\n");
}

TEST_CASE("a home that exists stays as it is", "[guest][root]") {
    if (!is_root())
        return;
    Tree tree;
    put(tree.root() / "home/joe/mine", "x");
    REQUIRE(set_password(tree.dir(), "joe", "!", Hashing::crypted));
    CHECK(stat_of(tree.root() / "home/joe").st_uid == 0);
    CHECK_FALSE(fs::exists(tree.root() / "home/joe/.profile"));
}

TEST_CASE("a held account lock ends the attempt in seconds", "[guest]") {
    Tree tree;
    const sys::Fd fd(::open((tree.root() / "etc/.pwd.lock").c_str(), O_WRONLY | O_CLOEXEC));
    struct flock request {};
    request.l_type = F_WRLCK;
    REQUIRE(::fcntl(fd.get(), F_OFD_SETLK, &request) == 0);
    const auto start = std::chrono::steady_clock::now();
    const auto result = set_password(tree.dir(), "root", "!", Hashing::crypted);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::password);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
    CHECK(hash_of(tree, "root") == "*");
}

TEST_CASE("the container's own rights are enough, and its ids are used", "[guest][root]") {
    if (!is_root())
        return;
    Tree tree;
    constexpr uid_t base = 300000;
    for (const auto& entry : fs::recursive_directory_iterator(tree.root())) {
        const auto st = stat_of(entry.path());
        REQUIRE(::lchown(entry.path().c_str(), base + st.st_uid, base + st.st_gid) == 0);
        ::chmod(entry.path().c_str(), st.st_mode & 07777U);
    }
    REQUIRE(::lchown(tree.root().c_str(), base, base) == 0);
    const auto userns = sys::make_userns({base, base, 65536});
    REQUIRE(userns);
    const auto dir = tree.dir();
    const auto result = sys::run_as_container_root(*userns, [&]() -> Result<std::string> {
        VZ_TRY(apply(dir, {"web", {"10.0.0.5"}, {"10.0.0.1"}, {}}));
        VZ_TRY(set_password(dir, "joe", "secret"));
        return std::string();
    });
    INFO((result ? "" : result.error().what));
    REQUIRE(result);
    const auto shadow = stat_of(tree.root() / "etc/shadow");
    CHECK((shadow.st_uid == base && shadow.st_gid == base + 42 && (shadow.st_mode & 07777U) == 0640));
    CHECK(stat_of(tree.root() / "home/joe/.profile").st_uid == base + 1001);
    CHECK(get(tree.root() / "etc/hostname") == "web\n");
}

TEST_CASE("killed at any system call, a user is whole or absent, and the next call completes it",
          "[guest][root]") {
    if (!is_root())
        return;
    // In memory, where the many fsync calls cost nothing.
    Tree tree(::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    const auto dir = tree.dir();
    const auto etc = tree.root() / "etc";
    int calls = 1;
    for (bool killed = true; killed && calls < 5000; calls += 1) {
        const std::string user = "u" + std::to_string(calls);
        const auto work = [&] { (void)set_password(dir, user, "$6$hash", Hashing::crypted).has_value(); };
        killed = killed_at(calls, work);
        INFO("killed at call " << calls);
        if (has_entry(get(etc / "passwd"), user)) {
            CHECK(hash_of(tree, user.c_str()) == "$6$hash");
            CHECK(has_entry(get(etc / "group"), user));
            CHECK(fs::exists(tree.root() / "home" / user / ".profile"));
        }
        REQUIRE(set_password(dir, user, "$6$hash", Hashing::crypted));
        for (const char* file : {"passwd", "shadow", "group", "gshadow"})
            CHECK(count(get(etc / file), user + ":") == 1);
        const auto uid = text::to_uint(entry_field(get(etc / "passwd"), user, 2).value_or(""));
        CHECK(stat_of(tree.root() / "home" / user).st_uid == uid.value_or(0));
        CHECK(entry_field(get(etc / "group"), user, 2) == std::to_string(uid.value_or(0)));
        CHECK(hash_of(tree, user.c_str()) == "$6$hash");
        CHECK(tree.litter().empty());
    }
    CHECK(calls > 100); // it was killed many times, and in the end ran through
    CHECK(calls < 5000);
}
