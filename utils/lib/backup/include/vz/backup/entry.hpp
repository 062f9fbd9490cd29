// SPDX-License-Identifier: GPL-2.0-or-later
// One file of a backup as its manifest tells of it: a JSON object a line (docs/backup.md). Pure.
#pragma once

#include "vz/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vz::backup {

enum class Type {
    file,
    folder,
    symlink,
    hard_link, // another name of an earlier file
    fifo,
    char_device,
    block_device,
    removed, // on a template only: what that has there is gone
};

std::string_view type_name(Type type); // "file", as manifests have it

struct Time {
    std::int64_t seconds = 0; // since 1970, negative before
    std::uint32_t nanoseconds = 0;
    bool operator==(const Time&) const = default;
};

using Attributes = std::vector<std::pair<std::string, std::string>>; // name, value; sorted by name

struct Entry {
    std::string path; // from the container's root, "." itself; any bytes but NUL
    Type type = Type::file;
    std::uint32_t mode = 0; // permission bits, set-id and sticky bits
    std::uint32_t uid = 0;  // as the container sees them
    std::uint32_t gid = 0;
    std::uint64_t size = 0; // of files
    Time mtime;
    Time ctime;              // these two tell whether it has changed since
    std::uint64_t inode = 0; //
    std::string link;        // target of a symbolic link; path of the first name of a hard link
    std::uint32_t major = 0; // of devices
    std::uint32_t minor = 0;
    Attributes attributes;     // as setxattr(2) takes them; of hard links those of the first name
    bool opaque = false;       // a folder on a template: nothing of the template's folder is seen
    bool unsettled = false;    // changed so shortly before it was read that its times cannot tell of a change
    std::string sha256;        // of a file's content, 64 digits; "" if it is empty
    bool holes = false;        // the digest is of what is no hole, piece behind piece
    std::uint32_t archive = 0; // which of the backup's archives holds the content
    std::string member;        // its name there, if it is not `path`: the file had that name then

    const std::string& member_name() const { return member.empty() ? path : member; }
    bool operator==(const Entry&) const = default;
};

// Appends the line with its newline.
void append_line(std::string& out, const Entry& entry);

// Foreign text without the newline. Errc::failed for whatever append_line() would not write, for paths that
// lead out ("..", absolute, empty parts) and for ids above 65535. Unknown members are ignored.
Result<Entry> parse_line(std::string_view line);

} // namespace vz::backup
