// SPDX-License-Identifier: GPL-2.0-or-later
// Which members of a foreign tar archive may be unpacked. Pure: knows names and types only, touches no file.
#pragma once

#include "vz/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace vz::archive {

enum class MemberType {
    regular,
    folder,
    symlink,
    hard_link,
    fifo,
    socket,
    char_device,
    block_device,
    unknown
};

struct Member {
    std::string path; // as the archive writes it; after admit(): plain, relative, "" is the root folder
    MemberType type = MemberType::unknown;
    std::string link; // target of a symbolic link as written, or the path of a hard link's first name
    std::int64_t uid = 0;
    std::int64_t gid = 0;
    unsigned major = 0; // devices only
    unsigned minor = 0;
};

// "./etc//x/" -> "etc/x", "." -> "". Errc::bad_template for absolute, empty and over-long names and for "..".
Result<std::string> member_path(std::string_view raw);

// Sees the members in their order and says of each whether it is unpacked. After one refusal the archive as a
// whole is bad: nothing of it may be used.
class MemberCheck {
public:
    enum class Verdict { keep, leave_out };

    explicit MemberCheck(std::uint64_t max_entries) : m_max_entries(max_entries) {}

    // Makes `member`'s names plain. Errc::bad_template names the member and the reason.
    Result<Verdict> admit(Member& member);

    std::uint64_t entries() const { return m_entries; }
    // Whether a folder of that plain name is needed by a member, named by the archive or not.
    bool has_folder(const std::string& path) const;

private:
    enum class Seen : std::uint8_t { implied_folder, folder, regular, other };

    Result<void> check_parents(const std::string& path);
    Result<void> check_name(const Member& member);
    Result<void> check_link(Member& member) const;
    Result<Verdict> check_device(const Member& member) const;

    std::uint64_t m_max_entries;
    std::uint64_t m_entries = 0;
    std::unordered_map<std::string, Seen> m_seen;
};

} // namespace vz::archive
