// SPDX-License-Identifier: GPL-2.0-or-later
#include "comparer.hpp"

#include "vz/archive/entry_attributes.hpp"

#include "vz/base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vz::archive {

namespace {

Error differs(std::string_view what) {
    return fail(Errc::failed, "{} differs from the archive", what);
}

mode_t expected_type(MemberType type) {
    switch (type) {
    case MemberType::folder:
        return S_IFDIR;
    case MemberType::symlink:
        return S_IFLNK;
    case MemberType::fifo:
        return S_IFIFO;
    default:
        return S_IFREG;
    }
}

bool has_acl(const Attributes& attributes) {
    return std::any_of(attributes.begin(), attributes.end(),
                       [](const auto& attribute) { return attribute.first == "system.posix_acl_access"; });
}

Result<void> compare_status(const Entry& entry, const struct stat& st) {
    const auto type = entry.member.type;
    if ((st.st_mode & S_IFMT) != expected_type(type))
        return differs("type");
    if (st.st_uid != static_cast<uid_t>(entry.member.uid) ||
        st.st_gid != static_cast<gid_t>(entry.member.gid))
        return differs("owner");
    // With an access ACL the group's bits show its mask, and the ACL is compared as a whole.
    const mode_t compared = has_acl(entry.attributes) ? 07707 : 07777;
    if (type != MemberType::symlink && (st.st_mode & compared) != (entry.mode & compared))
        return differs("mode");
    if (type == MemberType::regular && static_cast<std::uint64_t>(st.st_size) != entry.size)
        return differs("size");
    if (Time{st.st_mtim.tv_sec, st.st_mtim.tv_nsec} != entry.mtime)
        return differs("time");
    return {};
}

Result<std::string> pread_all(int fd, std::uint64_t offset, std::size_t size) {
    std::string out(size, '\0');
    std::size_t done = 0;
    while (done < size) {
        const ssize_t n = ::pread(fd, out.data() + done, size - done, static_cast<off_t>(offset + done));
        if (n < 0)
            return sys_fail(errno, Errc::system, "read");
        if (n == 0)
            return differs("size");
        done += static_cast<std::size_t>(n);
    }
    return out;
}

// A hole of the archive must read as zeros.
Result<void> compare_hole(int fd, std::uint64_t begin, std::uint64_t end) {
    while (begin < end) {
        const auto data = ::lseek(fd, static_cast<off_t>(begin), SEEK_DATA);
        if (data < 0 || static_cast<std::uint64_t>(data) >= end)
            return {};
        begin = std::max(begin, static_cast<std::uint64_t>(data));
        const auto size = std::min<std::uint64_t>(end - begin, 1 << 16);
        VZ_ASSIGN(const auto have, pread_all(fd, begin, size));
        if (!all_zero(have))
            return differs("content");
        begin += size;
    }
    return {};
}

} // namespace

Result<void> Comparer::take(Entry& entry) {
    m_seen.insert(entry.member.path);
    VZ_ASSIGN(const auto st, m_tree.stat(entry.member.path));
    if (!st)
        return fail(Errc::failed, "is missing");
    if (entry.member.type == MemberType::hard_link) {
        VZ_ASSIGN(const auto first, m_tree.stat(entry.member.link));
        return first && first->st_ino == st->st_ino ? Result<void>() : differs("hard link");
    }
    VZ_TRY(compare_status(entry, *st));
    if (entry.member.type == MemberType::symlink) {
        VZ_ASSIGN(const auto target, m_tree.read_symlink(entry.member.path));
        return target == entry.member.link ? Result<void>() : differs("link target");
    }
    return entry.member.type == MemberType::fifo ? Result<void>() : compare_content(entry);
}

Result<void> Comparer::compare_content(const Entry& entry) const {
    VZ_ASSIGN(const auto fd, m_tree.open_at(entry.member.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
    VZ_ASSIGN(const auto attributes, attributes_of_file(fd.get()));
    if (attributes != entry.attributes)
        return differs("an attribute");
    if (entry.member.type != MemberType::regular)
        return {};
    std::uint64_t at = 0;
    for (;;) {
        VZ_ASSIGN(const auto block, entry.next_block());
        if (!block)
            break;
        VZ_TRY(compare_hole(fd.get(), at, block->offset));
        VZ_ASSIGN(const auto have, pread_all(fd.get(), block->offset, block->data.size()));
        if (have != block->data)
            return differs("content");
        at = block->offset + block->data.size();
    }
    return compare_hole(fd.get(), at, entry.size);
}

Result<void> Comparer::finish(const MemberCheck& check) {
    return find_extra("", check);
}

Result<void> Comparer::find_extra(const std::string& folder, const MemberCheck& check) const {
    VZ_ASSIGN(const auto names, m_tree.list(folder.empty() ? "." : folder));
    for (const auto& name : names) {
        const auto path = folder.empty() ? name : folder + "/" + name;
        if (check.has_folder(path))
            VZ_TRY(find_extra(path, check));
        else if (m_seen.count(path) == 0)
            return fail(Errc::failed, "'{}': is not in the archive", text::printable(path));
    }
    return {};
}

} // namespace vz::archive
