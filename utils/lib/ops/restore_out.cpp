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

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/mount.h>
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

constexpr const char* k_shown = "vzbackup"; // what such a mount's source is called

// The topmost mount there; proc(5), mountinfo.
bool is_mounted_backup(const std::string& path) {
    bool out = false;
    for (const auto& line : text::split(sys::read_kernel_file("/proc/self/mountinfo").value_or(""), '\n')) {
        const auto words = text::words(line);
        const auto dash = std::find(words.begin(), words.end(), "-");
        if (words.size() > 4 && words[4] == path && words.end() - dash > 2)
            out = dash[1] == "tmpfs" && dash[2] == k_shown;
    }
    return out;
}

Result<void> fill_memory(const Context& context, const backup::Depot& depot, const backup::Head& head,
                         const sys::Dir& root, const sys::Fd& userns) {
    if (head.on_template) {
        const auto& archive = head.on_template->archive;
        VZ_TRY(verify_template(context, depot, archive));
        VZ_TRY(unpack::extract({depot.path(archive.name), root, userns, {}, context.out}));
    }
    VZ_ASSIGN(const auto restored, unpack::restore_backup({depot, head.id, root, userns, {}, context.out}));
    tell_left(context, restored);
    return {};
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

Result<void> mount_backup(const Context& context, const backup::Depot& depot, const std::string& id,
                          const std::string& folder) {
    VZ_ASSIGN(const auto head, depot.head(id));
    VZ_TRY(sys::Dir::open(folder));
    VZ_ASSIGN(const auto userns, sys::make_userns(k_nobodys_ids));
    VZ_ASSIGN(auto memory, sys::make_mount({"tmpfs", k_shown, {{"mode", "0700"}}}));
    if (auto mapped = sys::map_owners(memory, userns, "tmpfs"); !mapped)
        return std::move(mapped).error().context("use `vzrestore --to FOLDER` instead");
    const sys::Dir root(std::move(memory));
    if (auto filled = fill_memory(context, depot, head, root, userns); !filled)
        return filled.error().code == Errc::no_disk_space
                   ? std::move(filled).error().context("too large for memory: use `vzrestore --to FOLDER`")
                   : filled;
    const sys::Fd mount(::fcntl(root.fd(), F_DUPFD_CLOEXEC, 0));
    VZ_ASSIGN(const auto top, root.open_at(".", O_RDONLY | O_DIRECTORY));
    if (!mount || ::fchmod(top.get(), 0700) != 0)
        return sys_fail(errno, Errc::mount, "prepare the mount");
    VZ_TRY(sys::set_mount_options(format("/proc/self/fd/{}", mount.get()), "ro,nosuid,nodev"));
    return sys::attach_mount(mount, folder);
}

Result<void> unmount_backup(const std::string& folder) {
    std::error_code error;
    const auto path = std::filesystem::canonical(folder, error).string();
    if (error || !is_mounted_backup(path))
        return fail(Errc::umount, "{}: no backup is mounted there", text::printable(folder));
    return ::umount2(path.c_str(), UMOUNT_NOFOLLOW) == 0
               ? Result<void>()
               : sys_fail(errno, Errc::umount, "unmount {}", text::printable(folder));
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
