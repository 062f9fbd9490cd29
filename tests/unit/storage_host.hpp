// SPDX-License-Identifier: GPL-2.0-or-later
// For tests of storage: a host with a template, in a mount namespace of its own, and what a container may do
// there.
#pragma once

#include "catch.hpp"

#include "vz/base/text.hpp"
#include "vz/storage/storage.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/mount.hpp"
#include "vz/sys/process.hpp"
#include "vz/sys/random.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <functional>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace vz::storage {

constexpr std::uint64_t k_megabyte = 1 << 20;
inline const std::string k_snapshot = "00000000-0000-4000-8000-000000000001";
inline const std::string k_other_snapshot = "00000000-0000-4000-8000-000000000002";

inline bool is_root() {
    if (::geteuid() == 0)
        return true;
    WARN("skipped: needs root");
    return false;
}

// cap_net_raw+ep, as a root of a container's would set it (capabilities(7)).
inline const std::string
    k_capability("\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20);

// What a template holds; with natural owners.
inline Result<void> fill_template(const sys::Dir& root) {
    VZ_TRY(root.make_dirs("etc"));
    VZ_TRY(root.make_dirs("bin"));
    VZ_TRY(root.write_file("etc/file", "template"));
    VZ_TRY(root.write_file("etc/other", "template"));
    VZ_TRY(root.write_file("bin/one", "program", 0755));
    VZ_TRY(root.make_symlink("one", "bin/link"));
    const int dir = root.fd();
    if (::fchownat(dir, "etc/file", 33, 33, 0) != 0 || ::linkat(dir, "bin/one", dir, "bin/two", 0) != 0)
        return sys_fail(errno, Errc::system, "fill the template");
    // As an archive keeps them: each copy is as old as the template.
    const timespec times[2] = {{1000000000, 0}, {1000000000, 0}};
    for (const char* path : {"etc/file", "etc/other", "bin/one", "bin/link", "bin", "etc"})
        if (::utimensat(dir, path, times, AT_SYMLINK_NOFOLLOW) != 0)
            return sys_fail(errno, Errc::system, "age the template");
    return {};
}

struct Options {
    bool btrfs_image = false;
};

// A host folder with a template tree, in a mount namespace of the test's own.
class StorageHost {
public:
    explicit StorageHost(Options options = {}) : m_folder("/var/tmp/vz-storage-test." + sys::random_hex(4)) {
        REQUIRE(::unshare(CLONE_NEWNS) == 0);
        REQUIRE(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
        REQUIRE(::mkdir(m_folder.c_str(), 0755) == 0);
        m_on_btrfs = options.btrfs_image;
        if (m_on_btrfs)
            mount_image();
        for (const char* folder : {"/root", "/other", "/tree", "/tree/template@1"})
            REQUIRE(::mkdir((m_folder + folder).c_str(), 0755) == 0);
        REQUIRE(fill_template(*sys::Dir::open(m_folder + "/tree/template@1")));
    }
    ~StorageHost() {
        (void)sys::unmount_all(m_folder + "/root");
        (void)sys::unmount_all(m_folder + "/other");
        (void)sys::unmount_all(m_folder);
        (void)sys::Dir::open("/var/tmp")->remove_tree(m_folder.substr(9));
        (void)::unlink((m_folder + ".img").c_str());
    }
    Volume volume(std::uint32_t number = 101) const {
        Volume volume;
        volume.private_area = m_folder + "/private" + std::to_string(number);
        volume.root = m_folder + (number == 101 ? "/root" : "/other"); // at most two are mounted at once
        volume.template_tree = m_folder + "/tree/template@1";
        const std::uint32_t base = 1000000 + (number - 101) * 65536;
        volume.ids = {base, base, 65536};
        volume.number = number;
        volume.uuid =
            format("{:08x}-0000-4000-8000-{}", number, m_folder.substr(m_folder.size() - 8) + "0000");
        volume.volume_group = or_empty(::getenv("VZ_TEST_VOLUME_GROUP"));
        volume.thin_pool = or_empty(::getenv("VZ_TEST_THIN_POOL"));
        volume.size = 128 * k_megabyte - 100; // no whole number of sectors
        return volume;
    }
    const std::string& folder() const { return m_folder; }
    bool is_on_btrfs() const { return m_on_btrfs; }

private:
    static std::string or_empty(const char* s) { return s ? s : ""; }

    void mount_image() {
        const auto image = m_folder + ".img";
        REQUIRE(sys::run_checked(sys::Command({"truncate", "-s", "600M", image})));
        REQUIRE(sys::run_checked(sys::Command({"mkfs.btrfs", "-q", image})));
        REQUIRE(sys::run_checked(sys::Command({"mount", "-o", "loop", image, m_folder})));
    }

    std::string m_folder;
    bool m_on_btrfs = false;
};

inline struct stat look(const std::string& path) {
    struct stat st {};
    INFO(path);
    REQUIRE(::lstat(path.c_str(), &st) == 0);
    return st;
}

inline std::string content(const std::string& path) {
    const auto read = sys::read_file(path);
    return read && *read ? **read : "(absent)";
}

inline Result<void> inside(const Volume& volume, const std::function<Result<void>(const sys::Dir&)>& work) {
    const auto userns = sys::make_userns(volume.ids);
    const auto root = sys::Dir::open(volume.root);
    const auto done = sys::run_as_container_root(*userns, [&]() -> Result<std::string> {
        VZ_TRY(work(*root));
        return std::string();
    });
    return done ? Result<void>() : Result<void>(done.error());
}

inline Result<void> fill(const sys::Dir& target, const sys::Fd& userns) {
    const auto done = sys::run_as_container_root(userns, [&]() -> Result<std::string> {
        VZ_TRY(fill_template(target));
        return std::string();
    });
    return done ? Result<void>() : Result<void>(done.error());
}

inline Result<void> write_inside(const Volume& volume, const std::string& path, std::uint64_t bytes) {
    return inside(volume, [&](const sys::Dir& root) -> Result<void> {
        VZ_ASSIGN(const auto fd, root.open_at(path, O_WRONLY | O_CREAT | O_TRUNC, 0644));
        const std::string block(k_megabyte, 'x');
        for (std::uint64_t done = 0; done < bytes; done += block.size())
            VZ_TRY(sys::write_all(fd.get(), block));
        return ::fsync(fd.get()) == 0 ? Result<void>() : Result<void>(sys_fail(errno, Errc::system, "fsync"));
    });
}

// All that a copy may lose.
inline Result<void> make_treasures(const sys::Dir& root) {
    VZ_TRY(root.make_dirs("var/deep/er"));
    VZ_TRY(root.write_file("var/set-id", "x", 04755));
    VZ_TRY(root.write_file("var/capable", "x", 0755));
    VZ_TRY(root.write_file("var/first", "joined"));
    VZ_TRY(root.make_symlink("/etc/passwd", "var/absolute"));
    VZ_TRY(root.write_file("etc/file", "changed"));
    VZ_TRY(root.remove("etc/other"));
    const int dir = root.fd();
    const bool made = ::linkat(dir, "var/first", dir, "var/deep/second", 0) == 0 &&
                      ::mkfifoat(dir, "var/fifo", 0600) == 0 && ::fchownat(dir, "var/deep", 1000, 50, 0) == 0;
    VZ_ASSIGN(const auto holes, root.open_at("var/holes", O_WRONLY | O_CREAT, 0600));
    VZ_ASSIGN(const auto capable, root.open_at("var/capable", O_RDONLY));
    const timespec times[2] = {{1000, 0}, {1000000000, 7}};
    if (!made || ::pwrite(holes.get(), "end", 3, 50 * k_megabyte) != 3 ||
        ::fsetxattr(capable.get(), "security.capability", k_capability.data(), k_capability.size(), 0) != 0 ||
        ::fsetxattr(capable.get(), "user.note", "kept", 4, 0) != 0 || ::futimens(capable.get(), times) != 0)
        return sys_fail(errno, Errc::system, "make treasures");
    return {};
}

// One line for each file: all that must be equal on two containers; owners and attributes as the container
// sees them.
inline Result<std::string> describe(const sys::Dir& root, const std::string& path = ".") {
    VZ_ASSIGN(const auto names, root.list(path));
    std::string out;
    for (const auto& name : names) {
        const auto below = path == "." ? name : path + "/" + name;
        VZ_ASSIGN(const auto st, root.stat(below));
        VZ_ASSIGN(const auto fd, root.open_at(below, O_PATH | O_NOFOLLOW));
        const auto self = format("/proc/self/fd/{}", fd.get());
        out += format("{} {:o} {}:{} links {} mtime {}.{}", below, st->st_mode, st->st_uid, st->st_gid,
                      S_ISREG(st->st_mode) ? st->st_nlink : 0, st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
        for (const char* key : {"security.capability", "user.note"}) {
            std::array<char, 64> value{};
            const auto size = ::getxattr(self.c_str(), key, value.data(), value.size());
            out += size > 0 ? format(" {}={}", key,
                                     text::printable({value.data(), static_cast<std::size_t>(size)}))
                            : "";
        }
        if (S_ISREG(st->st_mode) && st->st_size < 100)
            out += " " + root.read_file(below)->value_or("");
        if (S_ISREG(st->st_mode) && st->st_size >= 100)
            out += format(" size {} {}", st->st_size, st->st_blocks < 1000 ? "with holes" : "full");
        if (S_ISLNK(st->st_mode))
            out += " -> " + *root.read_symlink(below);
        out += "\n";
        if (S_ISDIR(st->st_mode)) {
            VZ_ASSIGN(const auto more, describe(root, below));
            out += more;
        }
    }
    return out;
}

inline std::string description(const Storage& layout, const Volume& volume) {
    const auto mount = layout.open(volume);
    INFO((mount ? "" : mount.error().what));
    REQUIRE(mount);
    const sys::Dir root(sys::Fd(::dup(mount->get())));
    const auto userns = sys::make_userns(volume.ids);
    auto text = sys::run_as_container_root(*userns, [&] { return describe(root); });
    INFO((text ? "" : text.error().what));
    REQUIRE(text);
    return *text;
}

inline void create(const Storage& layout, const Volume& volume) {
    const auto made = layout.create(volume, fill);
    INFO((made ? "" : made.error().what));
    REQUIRE(made);
}

#define OK(expression)                                                                                       \
    do {                                                                                                     \
        const auto ok_done = (expression);                                                                   \
        INFO((ok_done ? std::string() : ok_done.error().what));                                              \
        REQUIRE(ok_done);                                                                                    \
    } while (false)

} // namespace vz::storage
