// SPDX-License-Identifier: GPL-2.0-or-later
// Layout "dir": an id-mapped mount of the private area.
#include "vz/storage/storage.hpp"

#include "vz/sys/file.hpp"
#include "vz/sys/mount.hpp"

#include <cerrno>
#include <sys/stat.h>

namespace vz::storage {

namespace {

class DirStorage : public Storage {
public:
    bool copies_template() const override { return true; }

    Result<void> create(const Volume& volume) const override {
        if (::mkdir(volume.private_area.c_str(), 0755) != 0)
            return sys_fail(errno, Errc::create_private, "mkdir {}", volume.private_area);
        return {};
    }

    Result<std::string> content_folder(const Volume& volume) const override { return volume.private_area; }

    Result<void> mount(const Volume& volume) const override {
        VZ_ASSIGN(const auto userns, sys::make_userns(volume.ids));
        VZ_ASSIGN(const auto tree, sys::clone_mount_mapped(volume.private_area, userns));
        return sys::attach_mount(tree, volume.root);
    }
};

} // namespace

std::unique_ptr<Storage> make_dir_storage() {
    return std::make_unique<DirStorage>();
}

} // namespace vz::storage
