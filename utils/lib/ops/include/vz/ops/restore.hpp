// SPDX-License-Identifier: GPL-2.0-or-later
// Containers made from backups: `vzrestore`. What backups are made of: vz/backup/depot.hpp.
#pragma once

#include "vz/backup/depot.hpp"
#include "vz/ops/context.hpp"
#include "vz/ops/settings.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace vz::ops {

// What is restored: a backup of a depot, or (with an empty id) a plain archive as vzdump made it, of OpenVZ
// or of Proxmox LXC.
struct RestoreSource {
    std::optional<backup::Depot> depot;
    std::string id;
    std::string archive;
};

struct RestoreRequest {
    RestoreSource source;
    std::optional<config::Ctid> ctid;  // nothing: the one it had
    std::optional<std::string> layout; // a word that config::is_layout_word() knows; nothing: the one it had
    Changes changes;                   // normalised; over what it had
    std::vector<std::string> ip_add;   // instead of the addresses it had
    bool force = false;                // takes the place of a stopped container of that id
    bool scripts = true;               // its action scripts come with it
};

// The container's id. Until it returns nothing of it is visible; a failure, a signal, or death at any point
// leaves nothing (force: the old container). All content is proven while it is written. Errc as for create();
// failed names what is damaged or missing; running, mounted, convert: what keeps the old one from being
// replaced. `announce`: as for create().
Result<config::Ctid> restore(const Context& context, const RestoreRequest& request,
                             const std::function<void(config::Ctid)>& announce = {});

// Nothing is changed: the reporter is told what would be done.
Result<void> try_restore(const Context& context, const RestoreRequest& request);

// Files and folders (all, if `paths` is empty) into a new or empty folder of the host, owned by the numbers
// that the container knows; or as a tar archive to a descriptor. How many.
Result<std::uint64_t> restore_files_to(const Context& context, const RestoreSource& source,
                                       const std::vector<std::string>& paths, const std::string& folder);
Result<std::uint64_t> restore_tar(const Context& context, const RestoreSource& source,
                                  const std::vector<std::string>& paths, const sys::Fd& out);

// Shows a backup, its template's files included, in an existing folder: unpacked into memory, for reading
// only, without set-id bits and devices being heeded, and closed to all but root. Killed before it is there
// as a whole, nothing is left. Errc::no_disk_space: too large for memory; mount.
Result<void> mount_backup(const Context& context, const backup::Depot& depot, const std::string& id,
                          const std::string& folder);
// Errc::umount: it is in use, or no backup is mounted there.
Result<void> unmount_backup(const std::string& folder);

// Proves all that the backup needs, its template included. Damage is told as warnings.
Result<void> verify_backup(const Context& context, const backup::Depot& depot, const std::string& id);

} // namespace vz::ops
