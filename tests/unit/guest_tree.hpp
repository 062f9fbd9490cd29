// SPDX-License-Identifier: GPL-2.0-or-later
// A small guest on disk beside a folder that stands for the host, for the tests of the guest module.
#pragma once

#include "catch.hpp"

#include "vz/sys/dir.hpp"
#include "vz/sys/process.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace guest_test {

namespace fs = std::filesystem;

inline constexpr const char* k_secret = "CANARY-SECRET";

inline void put(const fs::path& path, const std::string& content, unsigned mode = 0644) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << content;
    ::chmod(path.c_str(), mode);
}

inline std::string get(const fs::path& path) {
    std::stringstream content;
    content << std::ifstream(path).rdbuf();
    return content.str();
}

inline void plant_system(const fs::path& root, const std::string& word) {
    put(root / "etc/passwd", "root:x:0:0:" + word + ":/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n");
    put(root / "etc/shadow", "root:*:100:0:99999:7:::\nann:!" + word + ":100::::::\n", 0640);
    put(root / "etc/group", "root:x:0:\nann:x:1000:\n" + word + ":x:50:\n");
    put(root / "etc/gshadow", "root:*::\nann:!::\n" + word + ":!::\n", 0640);
    put(root / "etc/hosts", "127.0.0.1 localhost\n10.9.9.9 " + word + "\n");
    put(root / "etc/hostname", word + "\n");
    put(root / "etc/resolv.conf", "options edns0 " + word + "\n");
    put(root / "etc/login.defs", "# " + word + "\nENCRYPT_METHOD SHA512\n");
    put(root / "etc/os-release", "ID=debian\nPRETTY_NAME=\"" + word + "\"\n");
    put(root / "etc/.pwd.lock", "", 0600);
    put(root / "etc/skel/.profile", "# " + word + "\n");
    put(root / "sbin/init", "#!" + word + "\n", 0755);
    put(root / "bin/sh", "#!" + word + "\n", 0755);
    fs::create_directories(root / "home");
    fs::create_directories(root / "proc");
}

class Tree {
public:
    explicit Tree(const std::string& folder = "/tmp") {
        std::string name = folder + "/vz-guest-test.XXXXXX";
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        m_base = name;
        plant_system(root(), "guest");
        plant_system(host(), k_secret);
        (void)!::lchown((root() / "etc/shadow").c_str(), 0, 42);
    }
    Tree(const Tree&) = delete;
    Tree& operator=(const Tree&) = delete;
    ~Tree() {
        std::error_code ignored;
        fs::remove_all(m_base, ignored);
    }

    fs::path root() const { return m_base / "root"; }
    fs::path host() const { return m_base / "host"; }
    vz::sys::Dir dir() const {
        auto dir = vz::sys::Dir::open(root());
        REQUIRE(dir);
        return *std::move(dir);
    }

    // Everything that an access from the guest could have changed in the host's folder, but not times of
    // access.
    std::string host_state() const {
        std::stringstream state;
        for (const auto& entry : fs::recursive_directory_iterator(host())) {
            struct stat st {};
            ::lstat(entry.path().c_str(), &st);
            state << entry.path() << ' ' << st.st_ino << ' ' << st.st_mode << ' ' << st.st_uid << ' '
                  << st.st_gid << ' ' << st.st_size << ' ' << st.st_mtim.tv_nsec << ' ' << st.st_ctim.tv_nsec
                  << '\n'
                  << (entry.is_regular_file() ? get(entry.path()) : "");
        }
        return state.str();
    }
    // The host's secret came to lie in the guest.
    bool leaked() const {
        for (const auto& entry : fs::recursive_directory_iterator(root()))
            if (!entry.is_symlink() && entry.is_regular_file() && entry.file_size() < (1 << 20) &&
                get(entry.path()).find(k_secret) != std::string::npos)
                return true;
        return false;
    }
    // Names of temporary files that were left.
    std::vector<std::string> litter() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::recursive_directory_iterator(root()))
            if (entry.path().filename().string().find("vz-new") != std::string::npos)
                names.push_back(entry.path());
        return names;
    }

private:
    fs::path m_base;
};

// Runs `work` in a child that the kernel ends when it hangs; the guest has a /proc, as a running one would.
// A hang, a crash or a failed mount is Errc::internal.
inline vz::Result<std::string> in_child(const Tree& tree, const std::function<vz::Result<void>()>& work) {
    return vz::sys::run_in_child([&]() -> vz::Result<std::string> {
        ::alarm(20);
        const auto proc = tree.root() / "proc";
        if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("/proc", proc.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
            return vz::fail(vz::Errc::internal, "cannot mount proc in the test's tree");
        if (auto result = work(); !result)
            return std::move(result).error();
        return std::string("done");
    });
}

inline bool is_root() {
    if (::geteuid() == 0)
        return true;
    WARN("skipped: needs root");
    return false;
}

} // namespace guest_test
