// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/archive/member.hpp"

#include "vz/base/text.hpp"

#include <array>
#include <climits>

namespace vz::archive {

namespace {

constexpr std::int64_t k_max_id = 65535; // a container has the ids 0 … 65535
constexpr int k_any = -1;

// Character devices that every system keeps in /dev. A container gets its own /dev, so they are not unpacked.
struct StandardDevice {
    std::string_view pattern;
    int major;
    int minor;
};

constexpr std::array k_standard_devices{
    StandardDevice{"null", 1, 3},          StandardDevice{"zero", 1, 5},
    StandardDevice{"full", 1, 7},          StandardDevice{"random", 1, 8},
    StandardDevice{"urandom", 1, 9},       StandardDevice{"kmsg", 1, 11},
    StandardDevice{"tty", 5, 0},           StandardDevice{"console", 5, 1},
    StandardDevice{"console", 4, 0},       StandardDevice{"ptmx", 5, 2},
    StandardDevice{"pts/ptmx", 5, 2},      StandardDevice{"tty[0-9]*", 4, k_any},
    StandardDevice{"pty[a-z]?", 2, k_any}, StandardDevice{"tty[a-z]?", 3, k_any},
    StandardDevice{"net/tun", 10, 200},    StandardDevice{"fuse", 10, 229},
};

bool is_standard_device(const Member& member) {
    constexpr std::string_view folder = "dev/";
    if (member.path.compare(0, folder.size(), folder) != 0)
        return false;
    const auto name = std::string_view(member.path).substr(folder.size());
    for (const auto& device : k_standard_devices)
        if (static_cast<int>(member.major) == device.major &&
            (device.minor == k_any || static_cast<int>(member.minor) == device.minor) &&
            text::matches_glob(device.pattern, name))
            return true;
    return false;
}

Error refuse(std::string_view path, std::string_view reason) {
    return fail(Errc::bad_template, "member '{}': {}", text::printable(path), reason);
}

} // namespace

Result<std::string> member_path(std::string_view raw) {
    if (raw.empty())
        return refuse(raw, "empty name");
    if (raw.front() == '/')
        return refuse(raw, "absolute name");
    if (raw.size() >= PATH_MAX)
        return refuse(raw.substr(0, 80), "name too long");
    if (raw.find('\0') != std::string_view::npos)
        return refuse(raw, "NUL byte in the name");
    std::string out;
    for (const auto& part : text::split(raw, '/')) {
        if (part.empty() || part == ".")
            continue;
        if (part == "..")
            return refuse(raw, "'..' in the name");
        if (part.size() > NAME_MAX)
            return refuse(raw.substr(0, 80), "name too long");
        out += (out.empty() ? "" : "/") + part;
    }
    return out;
}

bool MemberCheck::has_folder(const std::string& path) const {
    const auto found = m_seen.find(path);
    return found != m_seen.end() && (found->second == Seen::folder || found->second == Seen::implied_folder);
}

Result<MemberCheck::Verdict> MemberCheck::admit(Member& member) {
    if (++m_entries > m_max_entries)
        return fail(Errc::bad_template, "more than {} members", m_max_entries);
    VZ_ASSIGN(member.path, member_path(member.path));
    if (member.path.empty() && member.type != MemberType::folder)
        return refuse(".", "the root is not a folder");
    if (member.uid < 0 || member.uid > k_max_id || member.gid < 0 || member.gid > k_max_id)
        return refuse(member.path, format("owner {}:{} is outside 0-{}", member.uid, member.gid, k_max_id));
    VZ_TRY(check_parents(member.path));
    VZ_TRY(check_link(member));
    VZ_TRY(check_name(member));
    switch (member.type) {
    case MemberType::regular:
    case MemberType::folder:
    case MemberType::symlink:
    case MemberType::hard_link:
    case MemberType::fifo:
        return Verdict::keep;
    case MemberType::socket:
        return Verdict::leave_out; // a socket file means nothing without the program that listens
    case MemberType::char_device:
    case MemberType::block_device:
        return check_device(member);
    case MemberType::unknown:
        break;
    }
    return refuse(member.path, "unknown type");
}

// Every folder above must be a folder, so that no member can be written through a link.
Result<void> MemberCheck::check_parents(const std::string& path) {
    for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
        const auto [entry, added] = m_seen.try_emplace(path.substr(0, slash), Seen::implied_folder);
        if (!added && entry->second != Seen::folder && entry->second != Seen::implied_folder)
            return refuse(path,
                          format("lies below '{}', which is not a folder", text::printable(entry->first)));
    }
    return {};
}

// A name may come twice only as a folder: the second could turn the first into a way out.
Result<void> MemberCheck::check_name(const Member& member) {
    const Seen now = member.type == MemberType::folder ? Seen::folder
                     : member.type == MemberType::regular || member.type == MemberType::hard_link
                         ? Seen::regular
                         : Seen::other;
    const auto [entry, added] = m_seen.try_emplace(member.path, now);
    if (added)
        return {};
    const bool was_folder = entry->second == Seen::folder || entry->second == Seen::implied_folder;
    if (!was_folder || now != Seen::folder)
        return refuse(member.path, "is there twice");
    entry->second = now;
    return {};
}

Result<void> MemberCheck::check_link(Member& member) const {
    if (member.type == MemberType::symlink) {
        if (member.link.empty() || member.link.size() >= PATH_MAX)
            return refuse(member.path, "symbolic link without a sensible target");
        return {};
    }
    if (member.type != MemberType::hard_link)
        return {};
    auto target = member_path(member.link);
    if (!target)
        return refuse(member.path,
                      format("hard link to '{}', outside of the archive", text::printable(member.link)));
    const auto found = m_seen.find(*target);
    if (found == m_seen.end() || found->second != Seen::regular)
        return refuse(member.path, format("hard link to '{}', which is not an earlier file of the archive",
                                          text::printable(member.link)));
    member.link = *std::move(target);
    return {};
}

Result<MemberCheck::Verdict> MemberCheck::check_device(const Member& member) const {
    if (member.type == MemberType::char_device && is_standard_device(member))
        return Verdict::leave_out;
    return refuse(member.path,
                  format("{} device {}:{}", member.type == MemberType::block_device ? "block" : "character",
                         member.major, member.minor));
}

} // namespace vz::archive
