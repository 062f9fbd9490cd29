// SPDX-License-Identifier: GPL-2.0-or-later
// Backups that do not become containers: single files of them, and proof that they are whole.
#include "cell.hpp"
#include "vz/base/text.hpp"
#include "vz/ops/restore.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/mount.hpp"
#include "vz/sys/userns.hpp"
#include "vz/unpack/backup.hpp"
#include "vz/unpack/unpack.hpp"

#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

namespace vz::ops {

namespace {

Result<std::vector<std::string>> plain(const std::vector<std::string>& paths) {
    std::vector<std::string> out;
    for (const auto& path : paths) {
        std::vector<std::string> parts;
        for (auto& part : text::split(path, '/')) {
            if (part == "..")
                return fail(Errc::bad_value, "{}: '..' is not possible here", text::printable(path));
            if (!part.empty() && part != ".")
                parts.push_back(std::move(part));
        }
        if (!parts.empty())
            out.push_back(text::join(parts, "/"));
    }
    return out;
}

// Closed to others if it is new: what is restored has set-id bits as in the container.
Result<void> prepare_folder(const std::string& folder) {
    if (::mkdir(folder.c_str(), 0700) == 0)
        return {};
    if (errno != EEXIST)
        return sys_fail(errno, Errc::failed, "create {}", folder);
    VZ_ASSIGN(const auto dir, sys::Dir::open(folder));
    VZ_ASSIGN(const auto names, dir.list());
    return names.empty() ? Result<void>()
                         : fail(Errc::failed, "{} is not empty: restore into a new folder", folder);
}

void tell_left(const Context& context, const backup::Restored& restored) {
    for (const auto& entry : restored.left)
        context.out.warning(format("the device {} is left out", text::printable(entry.path)));
}

Result<void> verify_template(const Context& context, const backup::Depot& depot, const backup::Part& part) {
    const auto path = depot.path(part.name);
    if (!sys::exists(path))
        return fail(Errc::failed, "{} is missing, and the backup lies on this template", path);
    VZ_ASSIGN(const auto sha256, unpack::sha256_of_file(path, context.out));
    return sha256 == part.sha256
               ? Result<void>()
               : fail(Errc::failed, "{} is damaged: its SHA-256 is not that of the backup's head", path);
}

} // namespace

Result<std::uint64_t> restore_files_to(const Context& context, const RestoreSource& source,
                                       const std::vector<std::string>& paths, const std::string& folder) {
    VZ_ASSIGN(const auto only, plain(paths));
    VZ_TRY(source.depot->head(source.id));
    VZ_TRY(prepare_folder(folder));
    VZ_ASSIGN(const auto userns, sys::make_userns(k_nobodys_ids));
    auto mount = sys::clone_mount_mapped(folder, userns);
    if (!mount)
        return std::move(mount).error().context("restore with `--to - | tar -xp` instead");
    const sys::Dir target(*std::move(mount));
    VZ_ASSIGN(const auto restored,
              unpack::restore_backup({*source.depot, source.id, target, userns, only, context.out}));
    tell_left(context, restored);
    return restored.entries;
}

Result<std::uint64_t> restore_tar(const Context& context, const RestoreSource& source,
                                  const std::vector<std::string>& paths, const sys::Fd& out) {
    VZ_ASSIGN(const auto only, plain(paths));
    VZ_ASSIGN(const auto userns, sys::make_userns(k_nobodys_ids));
    VZ_ASSIGN(const auto cell, make_cell());
    VZ_ASSIGN(const auto restored,
              unpack::write_backup_tar({*source.depot, source.id, cell, userns, only, context.out}, out));
    return restored.entries;
}

Result<void> verify_backup(const Context& context, const backup::Depot& depot, const std::string& id) {
    VZ_ASSIGN(const auto head, depot.head(id));
    const auto below =
        head.on_template ? verify_template(context, depot, head.on_template->archive) : Result<void>();
    VZ_ASSIGN(const auto userns, sys::make_userns(k_nobodys_ids));
    VZ_ASSIGN(const auto cell, make_cell());
    VZ_TRY(unpack::verify_backup({depot, id, cell, userns, {}, context.out}));
    return below;
}

} // namespace vz::ops
