// SPDX-License-Identifier: GPL-2.0-or-later
#include "accounts.hpp"

#include "vz/base/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>

namespace vz::archive {

namespace {

constexpr const char* k_passwd = "etc/passwd";
constexpr const char* k_group = "etc/group";
constexpr std::size_t k_max_file = 1 << 20;

// name:password:id:…, the same in both files. The first of a name counts, as for getpwnam(3).
void add_lines(std::string_view file, std::map<std::string, std::uint32_t, std::less<>>& out) {
    for (const auto& line : text::split(file, '\n')) {
        const auto fields = text::split(line, ':');
        const auto id = fields.size() > 2 && !fields[0].empty() ? text::to_uint(fields[2]) : std::nullopt;
        if (id && *id <= 65535)
            out.emplace(fields[0], static_cast<std::uint32_t>(*id));
    }
}

std::optional<std::uint32_t> id_in(const std::map<std::string, std::uint32_t, std::less<>>& ids,
                                   std::string_view name) {
    const auto found = ids.find(name);
    return found == ids.end() ? std::nullopt : std::optional(found->second);
}

Result<std::string> content_of(const Entry& entry) {
    std::string out;
    for (;;) {
        VZ_ASSIGN(const auto block, entry.next_block());
        if (!block)
            return out;
        out += block->data;
    }
}

// Without /proc, which the confined child does not see, so not by Dir::read_file().
std::string file_text(const sys::Dir& root, const char* path) {
    const auto fd = root.open_at(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    struct stat st {};
    if (!fd || ::fstat(fd->get(), &st) != 0 || !S_ISREG(st.st_mode))
        return {};
    return sys::read_all(fd->get(), k_max_file).value_or("");
}

} // namespace

void Accounts::add_users(std::string_view passwd) {
    add_lines(passwd, m_users);
}

void Accounts::add_groups(std::string_view group) {
    add_lines(group, m_groups);
}

std::optional<std::uint32_t> Accounts::user(std::string_view name) const {
    return id_in(m_users, name);
}

std::optional<std::uint32_t> Accounts::group(std::string_view name) const {
    return id_in(m_groups, name);
}

Accounts accounts_of(const sys::Dir& root) {
    Accounts out;
    out.add_users(file_text(root, k_passwd));
    out.add_groups(file_text(root, k_group));
    return out;
}

Result<void> AccountCollector::take(Entry& entry) {
    const auto& path = entry.member.path;
    if (entry.member.type != MemberType::regular || entry.size > k_max_file ||
        (path != k_passwd && path != k_group))
        return {};
    VZ_ASSIGN(const auto content, content_of(entry));
    if (path == k_passwd)
        m_accounts.add_users(content);
    else
        m_accounts.add_groups(content);
    return {};
}

} // namespace vz::archive
