// SPDX-License-Identifier: GPL-2.0-or-later
// Edits of a guest whose files are links to the host, FIFOs, devices, folders and endless files: nothing
// outside is read or written, nothing hangs, and what can be put right is put right.
#include "guest_tree.hpp"

#include "vz/base/text.hpp"
#include "vz/guest/identity.hpp"
#include "vz/guest/init.hpp"
#include "vz/guest/users.hpp"

#include <sched.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

using namespace vz;
using namespace vz::guest;
using namespace guest_test;

namespace {

struct Trap {
    std::string name;
    std::function<void(const Tree&, const fs::path&)> plant; // puts the trap at this path below the root
    bool folder = false;
    bool regular = false;
};

Trap link_trap(const std::string& name, const std::string& prefix, const std::string& suffix = "") {
    return {name, [=](const Tree& tree, const fs::path& path) {
                fs::create_symlink(prefix + (tree.host() / path).string() + suffix, tree.root() / path);
            }};
}

Trap fixed_link(const std::string& name, const std::string& target) {
    return {name,
            [=](const Tree& tree, const fs::path& path) { fs::create_symlink(target, tree.root() / path); }};
}

void make_node(const fs::path& path, mode_t mode, dev_t device) {
    INFO("mknod " << path);
    REQUIRE(::mknod(path.c_str(), mode, device) == 0);
}

void make_socket(const fs::path& path) {
    const sys::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
}

std::vector<Trap> traps() {
    const auto at = [](const Tree& tree, const fs::path& path) { return tree.root() / path; };
    return {
        link_trap("absolute link", ""),
        link_trap("link with ..", "../../../../../../../../../.."),
        link_trap("link through /proc/self/root", "/proc/self/root"),
        link_trap("link through /proc/1/root", "/proc/1/root"),
        link_trap("link through /proc/self/cwd", "/proc/self/cwd"),
        link_trap("link with a slash at its end", "", "/"),
        fixed_link("link to /proc/self/mem", "/proc/self/mem"),
        fixed_link("link to /proc/kmsg", "/proc/kmsg"),
        fixed_link("dangling link", "/nowhere/at/all"),
        fixed_link("link to an endless device", "/zero"),
        fixed_link("link to a FIFO", "/fifo"),
        {"link to itself",
         [=](auto& tree, auto& path) { fs::create_symlink(at(tree, path), at(tree, path)); }},
        {"FIFO", [=](auto& tree, auto& path) { make_node(at(tree, path), S_IFIFO | 0666, 0); }},
        {"endless device",
         [=](auto& tree, auto& path) { make_node(at(tree, path), S_IFCHR | 0666, makedev(1, 5)); }},
        {"terminal",
         [=](auto& tree, auto& path) { make_node(at(tree, path), S_IFCHR | 0666, makedev(5, 0)); }},
        {"absent device",
         [=](auto& tree, auto& path) { make_node(at(tree, path), S_IFBLK | 0666, makedev(7, 99)); }},
        {"socket", [=](auto& tree, auto& path) { make_socket(at(tree, path)); }},
        {"folder", [=](auto& tree, auto& path) { put(at(tree, path) / "inner", "x"); }, true},
        {"huge file",
         [=](auto& tree, auto& path) {
             put(at(tree, path), "");
             fs::resize_file(at(tree, path), std::uintmax_t(1) << 32);
         },
         false, true},
    };
}

const Identity k_identity{"web.example.org", {"10.0.0.5/24"}, {"10.0.0.1"}, {"example.org"}};

void expect_plain(const Tree& tree, const fs::path& path, const std::string& words) {
    CHECK(fs::symlink_status(tree.root() / path).type() == fs::file_type::regular);
    CHECK(get(tree.root() / path).find(words) != std::string::npos);
}

// Plants each trap at `path`, runs `work`, and checks what must hold whatever `work` does; then `judge`.
void spring(const fs::path& path, const std::function<Result<void>(const sys::Dir&)>& work,
            const std::function<void(const Tree&, const Trap&, const Result<std::string>&)>& judge) {
    for (const auto& trap : traps()) {
        Tree tree;
        make_node(tree.root() / "zero", S_IFCHR | 0666, makedev(1, 5));
        make_node(tree.root() / "fifo", S_IFIFO | 0666, 0);
        fs::remove_all(tree.root() / path);
        trap.plant(tree, path);
        const auto before = tree.host_state();
        const auto dir = tree.dir();
        const auto result = in_child(tree, [&] { return work(dir); });
        INFO(trap.name << " at " << path << ": " << (result ? "done" : result.error().what));
        CHECK((result || result.error().code != Errc::internal)); // no hang, no crash
        CHECK(tree.host_state() == before);
        CHECK_FALSE(tree.leaked());
        if (path.filename().string().find("vz-new") == std::string::npos)
            CHECK(tree.litter().empty());
        judge(tree, trap, result);
    }
}

} // namespace

TEST_CASE("a trap in place of an identity file is replaced", "[guest][root]") {
    if (!is_root())
        return;
    const auto work = [](const sys::Dir& root) { return apply(root, k_identity); };
    const std::vector<std::pair<std::string, std::string>> files = {
        {"etc/hostname", "web.example.org\n"},
        {"etc/hosts", "10.0.0.5\tweb.example.org web"},
        {"etc/resolv.conf", "search example.org\nnameserver 10.0.0.1\n"}};
    for (const auto& [file, words] : files)
        spring(file, work, [&, path = file, text = words](auto& tree, auto& trap, auto& result) {
            // A folder may hold something; a hosts file of gigabytes may be real. Neither is thrown away.
            const bool refused = trap.folder || (trap.regular && path == "etc/hosts");
            CHECK(result.has_value() != refused);
            if (!refused)
                expect_plain(tree, path, text);
            else
                CHECK(result.error().code == (path == "etc/resolv.conf" ? Errc::dns : Errc::hostname));
        });
}

TEST_CASE("a trap in place of an account file is refused and nothing changes", "[guest][root]") {
    if (!is_root())
        return;
    const auto make_user = [](const sys::Dir& root) {
        return set_password(root, "joe", "secret", Hashing::crypted);
    };
    const auto change = [](const sys::Dir& root) {
        return set_password(root, "ann", "secret", Hashing::crypted);
    };
    for (const char* file : {"etc/passwd", "etc/shadow", "etc/group", "etc/gshadow", "etc/.pwd.lock"})
        for (const auto& work : {std::function(make_user), std::function(change)})
            spring(file, work, [&](auto& tree, auto& trap, auto& result) {
                const bool fine = trap.regular && std::string(file) == "etc/.pwd.lock";
                CHECK(result.has_value() == fine);
                if (fine)
                    return;
                CHECK(result.error().code == Errc::password);
                CHECK(result.error().what.find("secret") == std::string::npos);
                CHECK_FALSE(fs::exists(tree.root() / "home/joe"));
                if (std::string(file) != "etc/shadow")
                    CHECK(get(tree.root() / "etc/shadow").find("ann:!guest:100:") != std::string::npos);
            });
}

TEST_CASE("a trap beside the account files does not harm", "[guest][root]") {
    if (!is_root())
        return;
    const auto work = [](const sys::Dir& root) { return set_password(root, "joe", "secret"); };
    for (const char* file : {"etc/login.defs", "etc/skel", "etc/skel/.profile", "bin/bash", "bin/sh"})
        spring(file, work, [&](auto& tree, auto&, auto& result) {
            CHECK(result.has_value());
            CHECK(get(tree.root() / "etc/passwd").find("joe:x:1001:1001::/home/joe:/bin/") !=
                  std::string::npos);
            CHECK(fs::is_directory(tree.root() / "home/joe"));
        });
}

TEST_CASE("a trap in place of the folder of homes stops the new user before it exists", "[guest][root]") {
    if (!is_root())
        return;
    const auto work = [](const sys::Dir& root) {
        return set_password(root, "joe", "secret", Hashing::crypted);
    };
    spring("home", work, [&](auto& tree, auto& trap, auto& result) {
        CHECK(result.has_value() == trap.folder);
        CHECK((get(tree.root() / "etc/passwd").find("joe") != std::string::npos) == trap.folder);
    });
    spring("home/joe", work, [&](auto&, auto&, auto& result) { CHECK(result.has_value()); });
}

TEST_CASE("a trap under the name of a temporary file is taken away", "[guest][root]") {
    if (!is_root())
        return;
    const auto work = [](const sys::Dir& root) -> Result<void> {
        VZ_TRY(set_password(root, "joe", "secret", Hashing::crypted));
        return apply(root, k_identity);
    };
    for (const char* file :
         {"etc/.shadow.vz-new", "etc/.passwd.vz-new", "etc/.hosts.vz-new", "home/.joe.vz-new"})
        spring(file, work, [&](auto& tree, auto& trap, auto& result) {
            const bool fine = !trap.folder || std::string(file) == "home/.joe.vz-new";
            CHECK(result.has_value() == fine);
            CHECK(tree.litter().empty() == fine);
        });
}

TEST_CASE("a trap in place of /etc fails every edit", "[guest][root]") {
    if (!is_root())
        return;
    const auto fails = [](auto&, auto& trap, auto& result) { CHECK(result.has_value() == trap.folder); };
    spring(
        "etc", [](const sys::Dir& root) { return apply(root, k_identity); }, fails);
    spring(
        "etc", [](const sys::Dir& root) { return set_password(root, "root", "secret"); },
        [](auto&, auto&, auto& result) {
            REQUIRE_FALSE(result);
            CHECK(result.error().code == Errc::password);
        });
}

TEST_CASE("a trap in place of init or shell is not bootable", "[guest][root]") {
    if (!is_root())
        return;
    for (const char* file : {"sbin/init", "bin/sh", "sbin", "bin"})
        spring(file, check_bootable, [](auto&, auto&, auto& result) {
            REQUIRE_FALSE(result);
            CHECK(result.error().code == Errc::bad_template);
        });
    const auto name = [](const sys::Dir& root) -> Result<void> {
        if (const auto release = os_release(root); release && release->id != "linux")
            return fail(Errc::failed, "read {}", release->pretty_name);
        return {};
    };
    spring("etc/os-release", name, [](auto&, auto&, auto& result) { CHECK(result.has_value()); });
}

TEST_CASE("values that would break a line are refused and nothing is written", "[guest]") {
    Tree tree;
    const auto dir = tree.dir();
    const auto before = get(tree.root() / "etc/hosts") + get(tree.root() / "etc/resolv.conf");
    for (const char* bad : {"web\n6.6.6.6 bank.example", "web\t", "web #", "\x1b[2J", "", "web 10.0.0.1"}) {
        CHECK(set_hostname(dir, bad).error().code == Errc::hostname);
        CHECK(set_hosts(dir, bad, {}).error().code == Errc::hostname);
        CHECK(set_hosts(dir, "web", {bad}).error().code == Errc::ip);
        CHECK(set_resolver(dir, {bad}, {}).error().code == Errc::dns);
        CHECK(set_resolver(dir, {}, {bad}).error().code == Errc::search_domain);
        CHECK(set_password(dir, bad, "secret").error().code == Errc::bad_value);
    }
    for (const char* bad : {"a:b", "a\nroot::0:", ""}) {
        CHECK(set_password(dir, "root", bad, Hashing::crypted).error().code == Errc::bad_value);
        CHECK_FALSE(text::has_control(set_password(dir, "root", bad, Hashing::crypted).error().what));
    }
    CHECK(text::has_control(set_hostname(dir, "a\x1b[2Jb").error().what) == false);
    CHECK(get(tree.root() / "etc/hosts") + get(tree.root() / "etc/resolv.conf") == before);
}
