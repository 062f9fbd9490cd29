// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/guest/accounts_text.hpp"

#include "vz/base/format.hpp"
#include "vz/base/text.hpp"

#include <algorithm>
#include <set>
#include <vector>

namespace vz::guest {

namespace {

constexpr std::uint32_t k_first_id = 1000;
constexpr std::uint32_t k_end_id = 60000;

struct Span {
    std::size_t begin = 0;
    std::size_t size = 0; // without the newline
};

// The first line that starts with "NAME:". Malformed lines are skipped by this very test, as getpwnam(3)
// skips them.
std::optional<Span> find_entry(std::string_view file, std::string_view name) {
    for (std::size_t begin = 0; begin < file.size();) {
        const auto end = std::min(file.find('\n', begin), file.size());
        const auto line = file.substr(begin, end - begin);
        if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ':')
            return Span{begin, line.size()};
        begin = end + 1;
    }
    return std::nullopt;
}

std::optional<std::uint32_t> id_in(const std::vector<std::string>& fields, std::size_t at) {
    const auto id = fields.size() > at ? text::to_uint(fields[at]) : std::nullopt;
    return id && *id < UINT32_MAX ? std::optional(static_cast<std::uint32_t>(*id)) : std::nullopt;
}

std::set<std::uint32_t> ids_in(std::string_view file, std::size_t field) {
    std::set<std::uint32_t> ids;
    for (const auto& line : text::split(file, '\n'))
        if (const auto id = id_in(text::split(line, ':'), field); id && *id >= k_first_id && *id < k_end_id)
            ids.insert(*id);
    return ids;
}

std::optional<std::uint32_t> free_id(const std::set<std::uint32_t>& used) {
    if (used.empty())
        return k_first_id;
    if (*used.rbegin() + 1 < k_end_id)
        return *used.rbegin() + 1;
    for (std::uint32_t id = k_first_id; id < k_end_id; ++id)
        if (!used.contains(id))
            return id;
    return std::nullopt;
}

// The gid of a group that nobody uses yet, as an interrupted call leaves it.
std::optional<std::uint32_t> unused_group(std::string_view passwd, std::string_view group,
                                          std::string_view name) {
    const auto gid = text::to_uint(entry_field(group, name, 2).value_or(""));
    const bool has_members = !entry_field(group, name, 3).value_or("").empty();
    if (!gid || *gid < k_first_id || *gid >= k_end_id || has_members)
        return std::nullopt;
    const auto id = static_cast<std::uint32_t>(*gid);
    return ids_in(passwd, 3).contains(id) ? std::nullopt : std::optional(id);
}

} // namespace

std::optional<std::string> entry_field(std::string_view file, std::string_view name, std::size_t field) {
    const auto entry = find_entry(file, name);
    if (!entry)
        return std::nullopt;
    auto fields = text::split(file.substr(entry->begin, entry->size), ':');
    return field < fields.size() ? std::optional(std::move(fields[field])) : std::nullopt;
}

bool has_entry(std::string_view file, std::string_view name) {
    return find_entry(file, name).has_value();
}

std::string with_field(std::string_view file, std::string_view name, std::size_t field,
                       std::string_view value) {
    std::string out(file);
    const auto entry = find_entry(file, name);
    if (!entry)
        return out;
    auto fields = text::split(file.substr(entry->begin, entry->size), ':');
    fields.resize(std::max(fields.size(), field + 1));
    fields[field] = value;
    return out.replace(entry->begin, entry->size, text::join(fields, ":"));
}

std::string with_line(std::string_view file, std::string_view line) {
    std::string out(file);
    if (!out.empty() && out.back() != '\n')
        out += '\n';
    return out.append(line) += '\n';
}

std::string with_shadow_password(std::string_view shadow, std::string_view user, std::string_view hash,
                                 std::int64_t today) {
    if (!has_entry(shadow, user))
        return with_line(shadow, format("{}:{}:{}:0:99999:7:::", user, hash, today));
    const auto changed = with_field(with_field(shadow, user, 1, hash), user, 2, format("{}", today));
    // An entry of fewer than nine fields is ignored by getspnam(3).
    return entry_field(changed, user, 8) ? changed : with_field(changed, user, 8, "");
}

std::optional<NewIds> choose_ids(std::string_view passwd, std::string_view group, std::string_view user) {
    const auto uids = ids_in(passwd, 2);
    if (has_entry(group, user)) {
        const auto gid = unused_group(passwd, group, user);
        const auto uid = gid && !uids.contains(*gid) ? gid : free_id(uids);
        return gid && uid ? std::optional(NewIds{*uid, *gid, true}) : std::nullopt;
    }
    // One number for both, as useradd(8) likes it; that also spares ids that only one of the files knows.
    auto used = ids_in(group, 2);
    used.insert(uids.begin(), uids.end());
    used.merge(ids_in(passwd, 3));
    const auto id = free_id(used);
    return id ? std::optional(NewIds{*id, *id, false}) : std::nullopt;
}

std::string_view crypt_prefix(std::string_view login_defs) {
    std::string method;
    for (const auto& line : text::split(login_defs, '\n'))
        if (const auto fields = text::words(line); fields.size() > 1 && fields[0] == "ENCRYPT_METHOD")
            method = text::lower(fields[1]);
    return method == "yescrypt" ? "$y$" : "$6$";
}

} // namespace vz::guest
