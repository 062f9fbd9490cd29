// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan.hpp"

#include "vz/backup/manifest.hpp"
#include "vz/base/text.hpp"

#include <algorithm>
#include <unordered_set>

namespace vz::backup {

namespace {

constexpr std::size_t k_most_entries = 8'000'000;

Error refuse(const Entry& entry, std::string_view reason) {
    return fail(Errc::failed, "'{}': {}", text::printable(entry.path), reason);
}

bool has_content(const Entry& entry) {
    return entry.type == Type::file && entry.size > 0;
}

std::string_view parent_of(std::string_view path) {
    const auto slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string_view(".") : path.substr(0, slash);
}

bool is_at_or_below(std::string_view path, std::string_view top) {
    return top == "." || path == top ||
           (path.size() > top.size() && path[top.size()] == '/' && path.substr(0, top.size()) == top);
}

} // namespace

const Entry* Plan::find(std::string_view path) const {
    const auto found = m_paths.find(path);
    return found == m_paths.end() ? nullptr : &m_entries[found->second];
}

Result<void> Plan::check(const Entry& entry) const {
    if (m_paths.count(entry.path) != 0)
        return refuse(entry, "is there twice");
    if (entry.path != ".") {
        const auto* parent = find(parent_of(entry.path));
        if (!parent || parent->type != Type::folder)
            return refuse(entry, "lies in no folder of the backup");
    }
    if (entry.type == Type::hard_link) {
        const auto* first = find(entry.link);
        if (!first || first->type == Type::folder || first->type == Type::hard_link ||
            first->type == Type::removed)
            return refuse(entry, "a hard link to something that is not an earlier file");
    }
    if (entry.type == Type::char_device && entry.major == 0 && entry.minor == 0)
        return refuse(entry, "a device 0:0, which would hide a template's file");
    if (has_content(entry) && entry.archive >= m_members.size())
        return refuse(entry, "its content is in an archive that the backup does not have");
    if (has_content(entry) && m_members[entry.archive].count(entry.member_name()) != 0)
        return refuse(entry, "shares its content with another file");
    return {};
}

Result<void> Plan::add(Entry entry) {
    if (m_entries.size() == k_most_entries)
        return fail(Errc::failed, "more than {} files", k_most_entries);
    VZ_TRY(check(entry));
    const auto index = static_cast<std::uint32_t>(m_entries.size());
    const auto& added = m_entries.emplace_back(std::move(entry));
    m_paths.emplace(added.path, index);
    if (!has_content(added))
        return {};
    m_members[added.archive].emplace(added.member_name(), index);
    m_bytes += added.size;
    if (m_bytes > INT64_MAX)
        return refuse(added, "all sizes together are too large");
    return {};
}

Result<Plan> read_plan(int fd, const Head& head) {
    const auto& name = head.manifest.name;
    Plan plan(head.archives.size());
    VZ_TRY(read_manifest(fd, head, [&](Entry entry) { return plan.add(std::move(entry)); }).context(name));
    if (plan.bytes() != head.bytes)
        return fail(Errc::failed, "{}: the files have {} bytes, but the head says {}", name, plan.bytes(),
                    head.bytes);
    return plan;
}

Result<std::string> plain_path(std::string_view path) {
    std::vector<std::string> parts;
    for (auto& part : text::split(path, '/')) {
        if (part == "..")
            return fail(Errc::bad_value, "{}: '..' is not possible here", text::printable(path));
        if (!part.empty() && part != ".")
            parts.push_back(std::move(part));
    }
    return parts.empty() ? std::string(".") : text::join(parts, "/");
}

Result<Plan> select(const Plan& plan, const std::vector<std::string>& paths, std::size_t archives) {
    std::unordered_set<std::string_view> above;
    for (const auto& path : paths) {
        const auto* top = plan.find(path);
        if (!top || top->type == Type::removed)
            return fail(Errc::bad_value, "{}: the backup has no such file", text::printable(path));
        for (auto folder = parent_of(top->path); folder != "."; folder = parent_of(folder))
            above.insert(folder);
    }
    Plan out(archives);
    Entry root;
    root.path = ".";
    root.type = Type::folder;
    VZ_TRY(out.add(root));                                   // only so that the others lie somewhere
    std::unordered_map<std::string_view, std::string> moved; // first names that are left out
    for (const auto& entry : plan.entries()) {
        const bool wanted = above.count(entry.path) != 0 ||
                            std::any_of(paths.begin(), paths.end(),
                                        [&](const auto& path) { return is_at_or_below(entry.path, path); });
        if (!wanted || entry.path == "." || entry.type == Type::removed)
            continue;
        auto chosen = entry;
        if (entry.type == Type::hard_link && !out.find(entry.link)) {
            const auto& first = *plan.find(entry.link);
            const auto [now, is_new] = moved.emplace(first.path, entry.path);
            chosen.link = now->second;
            if (is_new) {
                chosen = first;
                chosen.path = entry.path;
                chosen.member = first.type == Type::file ? first.member_name() : std::string();
            }
        }
        VZ_TRY(out.add(std::move(chosen)));
    }
    return out;
}

} // namespace vz::backup
