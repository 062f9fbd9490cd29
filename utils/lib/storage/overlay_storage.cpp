// SPDX-License-Identifier: GPL-2.0-or-later
// Layout "overlay": lower = the shared template tree through an id-mapped mount, upper and work = plain
// folders of the private area owned by the container's root (an id-mapped upper would make the overlay
// read-only).
#include "vz/storage/storage.hpp"

#include "vz/sys/file.hpp"
#include "vz/sys/mount.hpp"

#include <cerrno>
#include <optional>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace vz::storage {

namespace {

Result<void> make_owned_folder(const std::string& path, const sys::IdRange& ids, mode_t mode) {
    if (::mkdir(path.c_str(), 0700) != 0 || ::chown(path.c_str(), ids.uid_base, ids.gid_base) != 0 ||
        ::chmod(path.c_str(), mode) != 0)
        return sys_fail(errno, errno == ENOSPC ? Errc::no_disk_space : Errc::create_private, "create {}",
                        path);
    return {};
}

// Makes the detached overlay. The lower mount must stand at some path while it is made; in a private mount
// namespace nobody else ever sees it there, and it vanishes with us.
Result<sys::Fd> overlay_over_mapped_tree(const Volume& volume, const sys::Fd& tree) {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        return sys_fail(errno, Errc::mount, "make a private mount namespace");
    VZ_TRY(sys::attach_mount(tree, volume.root));
    return sys::make_overlay({{volume.root}, volume.private_area + "/upper", volume.private_area + "/work"});
}

class OverlayStorage : public Storage {
public:
    bool copies_template() const override { return false; }

    Result<void> create(const Volume& volume) const override {
        if (::mkdir(volume.private_area.c_str(), 0755) != 0)
            return sys_fail(errno, Errc::create_private, "mkdir {}", volume.private_area);
        VZ_TRY(make_owned_folder(volume.private_area + "/upper", volume.ids, 0755));
        return make_owned_folder(volume.private_area + "/work", volume.ids, 0700);
    }

    Result<std::string> content_folder(const Volume&) const override {
        return fail(Errc::unknown_mount_type, "an overlay container shares its template's files");
    }

    Result<void> mount(const Volume& volume) const override {
        if (!sys::exists(volume.template_tree))
            return fail(Errc::template_not_found,
                        "the container's template tree {} is missing; build or import the "
                        "template again",
                        volume.template_tree);
        VZ_ASSIGN(const auto userns, sys::make_userns(volume.ids));
        VZ_ASSIGN(const auto tree, sys::clone_mount_mapped(volume.template_tree, userns));
        // unshare(2) concerns the calling thread only; descriptors are shared by all threads.
        std::optional<Result<sys::Fd>> overlay;
        std::thread([&] { overlay = overlay_over_mapped_tree(volume, tree); }).join();
        VZ_ASSIGN(const sys::Fd mount, *std::move(overlay));
        return sys::attach_mount(mount, volume.root);
    }
};

} // namespace

std::unique_ptr<Storage> make_overlay_storage() {
    return std::make_unique<OverlayStorage>();
}

} // namespace vz::storage
