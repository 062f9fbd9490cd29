// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/backup/view.hpp"

#include "vz/archive/file_attributes.hpp"
#include "vz/backup/manifest.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <unistd.h>

namespace vz::backup {

namespace {

// What the reader of a manifest wants to know of a backup.
Head head_for(const Listed& listed) {
    Head head;
    head.manifest = listed.manifest;
    head.entries = listed.entries;
    head.archives.resize(1);
    return head;
}

// Others mean something to the host only, and do not come back from a backup.
Attributes told(const Attributes& attributes) {
    Attributes out;
    for (const auto& attribute : attributes)
        if (archive::is_kept_attribute(attribute.first) || archive::is_acl(attribute.first))
            out.push_back(attribute);
    std::sort(out.begin(), out.end());
    return out;
}

std::vector<std::string_view> changes(const Entry& a, const Entry& b) {
    if (a.type != b.type)
        return {"type"};
    const bool device = a.type == Type::char_device || a.type == Type::block_device;
    const std::array<std::pair<std::string_view, bool>, 8> found{
        {{"content", a.size != b.size || a.sha256 != b.sha256},
         {"target", a.link != b.link},
         {"device", device && (a.major != b.major || a.minor != b.minor)},
         {"mode", a.type != Type::symlink && a.mode != b.mode},
         {"owner", a.uid != b.uid},
         {"group", a.gid != b.gid},
         {"time", !(a.mtime == b.mtime)},
         {"attributes", told(a.attributes) != told(b.attributes)}}};
    std::vector<std::string_view> out;
    for (const auto& [word, differs] : found)
        if (differs)
            out.push_back(word);
    return out;
}

} // namespace

Result<View> read_view(const sys::Fd& from, const Listed& listed) {
    if (::lseek(from.get(), 0, SEEK_SET) != 0)
        return sys_fail(errno, Errc::system, "read what is in the backup");
    View out;
    VZ_TRY(read_manifest(from.get(), head_for(listed), [&](Entry entry) -> Result<void> {
        auto path = entry.path;
        out.insert_or_assign(std::move(path), std::move(entry));
        return {};
    }));
    return out;
}

std::string_view kind_name(Difference::Kind kind) {
    constexpr std::array<std::string_view, 3> k_names{"added", "removed", "changed"};
    return k_names[static_cast<std::size_t>(kind)];
}

std::vector<Difference> differences(const View& before, const View& after) {
    std::vector<Difference> out;
    for (const auto& [path, then] : before) {
        const auto found = after.find(path);
        if (found == after.end())
            out.push_back({Difference::Kind::removed, path, then.type});
        else if (auto how = changes(then, found->second); !how.empty())
            out.push_back({Difference::Kind::changed, path, found->second.type, std::move(how)});
    }
    for (const auto& [path, now] : after)
        if (before.find(path) == before.end())
            out.push_back({Difference::Kind::added, path, now.type});
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    return out;
}

} // namespace vz::backup
