// SPDX-License-Identifier: GPL-2.0-or-later
// A folder with backups (DUMPDIR). A backup is there when its head is; before that its parts have names that
// begin with a dot, or belong to no head.
//   vzbackup-101-2026_01_31-23_15_00.json        the head (vz/backup/head.hpp)
//   vzbackup-101-2026_01_31-23_15_00.files.zst   the manifest: one line a file (vz/backup/entry.hpp)
//   vzbackup-101-2026_01_31-23_15_00.tar.zst     the content of what had changed
//   template-NAME@DIGEST.tar.zst                 a template that some of the backups lie on
#pragma once

#include "vz/backup/head.hpp"
#include "vz/base/result.hpp"
#include "vz/sys/lock.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vz::backup {

// "vzbackup-101-2026_01_31-23_15_00"; seconds since 1970.
std::string backup_id(std::uint32_t ctid, std::int64_t time);
struct BackupName {
    std::uint32_t ctid = 0;
    std::int64_t time = 0;
};
std::optional<BackupName> parse_backup_id(std::string_view id);

class Depot {
public:
    // The folder must exist: a destination that is not mounted must not be taken for an empty one.
    // Errc::failed says what to do.
    static Result<Depot> open(const std::string& folder);

    const std::string& folder() const { return m_folder; }
    std::string path(std::string_view name) const { return m_folder + "/" + std::string(name); }
    std::string head_path(std::string_view id) const { return path(std::string(id) + ".json"); }

    // Ids, oldest first; of one container or of all.
    Result<std::vector<std::string>> list(std::optional<std::uint32_t> ctid = std::nullopt) const;
    Result<Head> head(const std::string& id) const;

    // What a person calls a backup: its id, the path of any of its parts, or, for the newest one, the CTID or
    // the name that the container had.
    Result<std::string> resolve(std::string_view word) const;

    // One writer a container at a time. Waits up to `patience`; Errc::locked.
    Result<sys::FileLock> lock(std::uint32_t ctid, std::chrono::milliseconds patience) const;

    // For who puts a template there, as short as possible. Waits for others.
    Result<sys::FileLock> lock_templates() const;

    // Under the lock: removes what killed runs left, and parts that no head needs any more.
    Result<void> sweep(std::uint32_t ctid) const;

    // Removes templates that no head needs any more. Does nothing while another container is being backed up,
    // whose head is still to come, or while a head cannot be read. `ours`: the container whose lock we hold.
    Result<void> drop_templates(std::optional<std::uint32_t> ours = std::nullopt) const;

    // Under the lock: the head first. Archives that other backups need stay until those go.
    Result<void> remove(const std::string& id) const;

private:
    Result<std::string> newest_named(std::string_view name) const;

    explicit Depot(std::string folder) : m_folder(std::move(folder)) {}
    std::string lock_path(std::uint32_t ctid) const;
    std::string m_folder;
};

} // namespace vz::backup
