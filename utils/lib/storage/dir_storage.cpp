// SPDX-License-Identifier: GPL-2.0-or-later
// Layout "dir": an id-mapped mount of the private area.
#include "area.hpp"
#include "vz/sys/mount.hpp"
#include "vz/sys/tree_copy.hpp"

#include <unistd.h>

namespace vz::storage {

namespace {

class DirStorage : public Storage {
public:
    Traits traits() const override { return {.inode_limit = true}; }

    Result<void> create(const Volume& volume, const Fill& fill) const override {
        VZ_TRY(area::create(volume));
        if (!fill)
            return {};
        VZ_ASSIGN(const auto userns, sys::make_userns(volume.ids));
        VZ_ASSIGN(auto tree, sys::clone_mount_mapped(volume.private_area, userns));
        return fill(sys::Dir(std::move(tree)), userns);
    }

    Result<void> remove(const Volume& volume) const override { return area::remove(volume); }

    Result<sys::Fd> open(const Volume& volume) const override {
        VZ_ASSIGN(const auto userns, sys::make_userns(volume.ids));
        return sys::clone_mount_mapped(volume.private_area, userns);
    }

    Result<Files> files(const Volume& volume) const override {
        VZ_ASSIGN(auto tree, sys::clone_mount(volume.private_area));
        return Files{sys::Dir(std::move(tree)), {0, 0, volume.ids.count}};
    }

    Result<void> clone(const Volume& source, const Volume& target) const override {
        VZ_TRY(area::create(target));
        return copy_files(*this, source, *this, target);
    }

    Result<void> set_limits(const Volume& volume, const DiskLimits& limits, Reporter& out) const override {
        return area::set_limits(volume, limits, out);
    }

    Result<std::optional<DiskUsage>> usage(const Volume& volume) const override {
        return area::usage(volume);
    }
};

} // namespace

std::unique_ptr<Storage> make_dir_storage() {
    return std::make_unique<DirStorage>();
}

} // namespace vz::storage
