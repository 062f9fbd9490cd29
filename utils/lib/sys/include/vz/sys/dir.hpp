// SPDX-License-Identifier: GPL-2.0-or-later
// A folder that cannot be escaped. Every path given to a Dir is resolved by the kernel as if the folder were
// "/": openat2(2) with RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS. Symbolic links, absolute or with "..",
// written by a hostile container therefore end inside. Nothing here blocks on FIFOs or opens devices.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/fd.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <vector>

namespace vz::sys {

struct FileOwner {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
};

class Dir {
public:
    // Opens a folder of the host by a path that the host's administrator controls.
    static Result<Dir> open(const std::string& path);
    explicit Dir(Fd fd) : m_fd(std::move(fd)) {}

    int fd() const { return m_fd.get(); }

    // A folder below this one as a root of its own: links inside cannot leave it.
    Result<Dir> sub(std::string_view path) const;

    // The raw openat2; `flags` as for open(2), O_CLOEXEC and O_NOCTTY are added.
    Result<Fd> open_at(std::string_view path, int flags, unsigned mode = 0) const;

    // lstat: absent is not an error.
    Result<std::optional<struct stat>> stat(std::string_view path) const;
    // stat that follows links, inside the root.
    Result<std::optional<struct stat>> stat_following(std::string_view path) const;

    // Content of a regular file (links followed inside the root); absent gives nothing. Anything but a
    // regular file, or more than `limit` bytes, is an error.
    Result<std::optional<std::string>> read_file(std::string_view path, std::size_t limit = 1 << 20) const;

    // Replaces `path` atomically: temporary file beside it, fsync, rename, fsync of the folder. A link at
    // `path` is replaced, not followed; a folder at `path` is an error. The parent folder must exist.
    Result<void> write_file(std::string_view path, std::string_view content, unsigned mode = 0644,
                            std::optional<FileOwner> owner = std::nullopt) const;

    Result<void> make_dirs(std::string_view path, unsigned mode = 0755) const; // existing folders are fine
    Result<void> make_symlink(std::string_view target, std::string_view path) const;
    Result<std::string> read_symlink(std::string_view path) const;
    Result<void> remove(std::string_view path) const;      // file, link or empty folder; absent is fine
    Result<void> remove_tree(std::string_view path) const; // never crosses into another mount; absent is fine
    Result<std::vector<std::string>> list(std::string_view path = ".") const; // names, sorted

private:
    struct Parent {
        Fd fd;
        std::string name;
    };
    Result<Parent> parent_of(std::string_view path) const;
    Result<std::optional<struct stat>> stat_opened(std::string_view path, int flags) const;

    Fd m_fd;
};

} // namespace vz::sys
