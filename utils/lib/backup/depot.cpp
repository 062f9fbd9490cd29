// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/backup/depot.hpp"

#include "vz/base/text.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

namespace vz::backup {

namespace {

constexpr std::string_view k_prefix = "vzbackup-";
constexpr std::string_view k_head = ".json";
constexpr std::string_view k_template_lock = ".template.lock";
constexpr const char* k_stamp = "%Y_%m_%d-%H_%M_%S";
constexpr std::size_t k_head_limit = 16 << 20; // NUM.conf and scripts are in it

bool ends_with(std::string_view text, std::string_view end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

std::string stamp_of(std::int64_t time) {
    const auto seconds = static_cast<std::time_t>(time);
    std::tm parts{};
    std::array<char, 40> out{};
    const auto size =
        ::gmtime_r(&seconds, &parts) ? std::strftime(out.data(), out.size(), k_stamp, &parts) : 0;
    return std::string(out.data(), size);
}

// The id that a part's name begins with; "" if it is no part of a backup.
std::string id_of_part(std::string_view name) {
    if (!name.empty() && name.front() == '.')
        name.remove_prefix(1);
    const auto id = std::string(name.substr(0, name.find('.')));
    return parse_backup_id(id) ? id : std::string();
}

// "template-NAME@0123456789ab.tar.zst", also while it is written; no other files of somebody's.
bool is_template(std::string_view name) {
    constexpr std::string_view k_begin = "template-";
    constexpr std::size_t k_digits = 12;
    if (!name.empty() && name.front() == '.')
        name.remove_prefix(1);
    const auto at = name.rfind('@');
    if (name.substr(0, k_begin.size()) != k_begin || at == std::string_view::npos)
        return false;
    const auto digest = name.substr(at + 1, k_digits);
    return digest.size() == k_digits &&
           digest.find_first_not_of("0123456789abcdef") == std::string_view::npos &&
           name.substr(at + 1 + k_digits, 4) == ".tar";
}

// The container whose lock file this is.
std::optional<std::uint32_t> locked_by(std::string_view name) {
    constexpr std::string_view k_begin = ".vzbackup-";
    constexpr std::string_view k_end = ".lock";
    if (name.substr(0, k_begin.size()) != k_begin || !ends_with(name, k_end))
        return std::nullopt;
    const auto ctid = text::to_uint(name.substr(k_begin.size(), name.size() - k_begin.size() - k_end.size()));
    return ctid && *ctid <= INT32_MAX ? std::optional(static_cast<std::uint32_t>(*ctid)) : std::nullopt;
}

Result<void> unlink_durably(const std::string& folder, const std::string& name) {
    const auto path = folder + "/" + name;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
        return sys_fail(errno, Errc::failed, "remove {}", path);
    return sys::fsync_dir(folder);
}

Result<std::vector<std::string>> names_in(const std::string& folder) {
    VZ_ASSIGN(const auto dir, sys::Dir::open(folder));
    return dir.list();
}

} // namespace

std::string backup_id(std::uint32_t ctid, std::int64_t time) {
    return format("{}{}-{}", k_prefix, ctid, stamp_of(time));
}

std::optional<BackupName> parse_backup_id(std::string_view id) {
    if (id.substr(0, k_prefix.size()) != k_prefix)
        return std::nullopt;
    const auto rest = std::string(id.substr(k_prefix.size()));
    const auto dash = rest.find('-');
    const auto ctid = text::to_uint(std::string_view(rest).substr(0, dash));
    if (dash == std::string::npos || !ctid || *ctid > INT32_MAX)
        return std::nullopt;
    std::tm parts{};
    if (::strptime(rest.c_str() + dash + 1, k_stamp, &parts) == nullptr)
        return std::nullopt;
    const BackupName out{static_cast<std::uint32_t>(*ctid), ::timegm(&parts)};
    return backup_id(out.ctid, out.time) == id ? std::optional(out) : std::nullopt;
}

Result<Depot> Depot::open(const std::string& folder) {
    struct stat st {};
    if (::stat(folder.c_str(), &st) != 0 || !S_ISDIR(st.st_mode))
        return fail(Errc::failed,
                    "{}: not a folder; mount or make the place for backups first (DUMPDIR of vz.conf)",
                    folder);
    return Depot(folder);
}

Result<std::vector<std::string>> Depot::list(std::optional<std::uint32_t> ctid) const {
    VZ_ASSIGN(const auto names, names_in(m_folder));
    std::vector<std::pair<std::int64_t, std::string>> found;
    for (const auto& name : names) {
        if (!ends_with(name, k_head))
            continue;
        auto id = name.substr(0, name.size() - k_head.size());
        const auto parsed = parse_backup_id(id);
        if (parsed && (!ctid || parsed->ctid == *ctid))
            found.emplace_back(parsed->time, std::move(id));
    }
    std::sort(found.begin(), found.end());
    std::vector<std::string> out;
    for (auto& [time, id] : found)
        out.push_back(std::move(id));
    return out;
}

Result<Head> Depot::head(const std::string& id) const {
    VZ_ASSIGN(const auto text, sys::read_file(head_path(id), k_head_limit).as(Errc::failed));
    if (!text)
        return fail(Errc::failed, "{}: there is no such backup", head_path(id));
    auto head = parse_head(*text).context(head_path(id));
    if (head && head->id != id)
        return fail(Errc::failed, "{}: is the head of {}", head_path(id), head->id);
    return head;
}

Result<std::string> Depot::resolve(std::string_view word) const {
    const auto slash = word.rfind('/');
    const auto name = slash == std::string_view::npos ? word : word.substr(slash + 1);
    if (auto id = id_of_part(name); !id.empty())
        return id;
    const auto ctid = text::to_uint(name);
    if (!ctid || *ctid > INT32_MAX)
        return newest_named(word);
    VZ_ASSIGN(const auto ids, list(static_cast<std::uint32_t>(*ctid)));
    if (ids.empty())
        return fail(Errc::failed, "{}: no backup of {}", m_folder, *ctid);
    return ids.back();
}

std::string Depot::lock_path(std::uint32_t ctid) const {
    return format("{}/.{}{}.lock", m_folder, k_prefix, ctid);
}

// A head that cannot be read has no name.
Result<std::string> Depot::newest_named(std::string_view name) const {
    VZ_ASSIGN(const auto ids, list());
    std::optional<Head> newest;
    for (auto id = ids.rbegin(); id != ids.rend() && !name.empty(); ++id) {
        auto found = head(*id);
        if (!found || found->name != name)
            continue;
        if (newest && newest->ctid != found->ctid)
            return fail(Errc::failed, "{}: that is the name of {} and of {} in backups; give a CTID",
                        text::printable(name), newest->ctid, found->ctid);
        if (!newest)
            newest = *std::move(found);
    }
    if (!newest)
        return fail(Errc::failed, "{}: neither a backup nor a CTID, nor a name of which there is a backup",
                    text::printable(name));
    return newest->id;
}

Result<sys::FileLock> Depot::lock(std::uint32_t ctid, std::chrono::milliseconds patience) const {
    const auto path = lock_path(ctid);
    VZ_ASSIGN(auto lock, sys::FileLock::acquire(path, "backup", patience));
    if (lock)
        return *std::move(lock);
    const auto holder = sys::lock_holder(path);
    return fail(Errc::locked, "{}: another backup of {} is at work there{}", m_folder, ctid,
                holder ? format(" (pid {})", holder->pid) : "");
}

Result<sys::FileLock> Depot::lock_templates() const {
    VZ_ASSIGN(auto lock, sys::FileLock::acquire(path(k_template_lock), "backup", std::chrono::hours(1)));
    return lock ? Result<sys::FileLock>(*std::move(lock))
                : fail(Errc::locked, "{}: somebody else has been putting a template there for an hour",
                       m_folder);
}

Result<void> Depot::sweep(std::uint32_t ctid) const {
    VZ_ASSIGN(const auto ids, list(ctid));
    std::set<std::string, std::less<>> needed;
    for (const auto& id : ids) {
        auto read = head(id);
        if (!read)
            return {}; // which parts a damaged head needs nobody knows: all stay
        needed.insert(id + std::string(k_head));
        needed.insert(read->manifest.name);
        for (const auto& archive : read->archives)
            needed.insert(archive.name);
    }
    VZ_ASSIGN(const auto names, names_in(m_folder));
    for (const auto& name : names) {
        const auto parsed = parse_backup_id(id_of_part(name));
        if (parsed && parsed->ctid == ctid && needed.count(name) == 0 && !ends_with(name, ".lock"))
            VZ_TRY(unlink_durably(m_folder, name));
    }
    return {};
}

Result<void> Depot::drop_templates(std::optional<std::uint32_t> ours) const {
    VZ_ASSIGN(const auto lock, sys::FileLock::acquire(path(k_template_lock), "backup"));
    if (!lock)
        return {}; // one is just put there: the next time
    VZ_ASSIGN(const auto names, names_in(m_folder));
    // Who takes a container's lock after this look waits with its template until we are done.
    for (const auto& name : names)
        if (const auto ctid = locked_by(name); ctid && ctid != ours && sys::is_locked(lock_path(*ctid)))
            return {};
    VZ_ASSIGN(const auto ids, list());
    std::set<std::string, std::less<>> needed;
    for (const auto& id : ids) {
        const auto read = head(id);
        if (!read)
            return {};
        if (read->on_template)
            needed.insert(read->on_template->archive.name);
    }
    for (const auto& name : names)
        if (is_template(name) && needed.count(name) == 0)
            VZ_TRY(unlink_durably(m_folder, name));
    return {};
}

Result<void> Depot::remove(const std::string& id) const {
    const auto name = parse_backup_id(id);
    if (!name)
        return fail(Errc::failed, "{}: not a backup", text::printable(id));
    VZ_TRY(unlink_durably(m_folder, id + std::string(k_head)));
    return sweep(name->ctid);
}

} // namespace vz::backup
