// SPDX-License-Identifier: GPL-2.0-or-later
#include "lvm_template.hpp"

#include "area.hpp"
#include "lvm_volume.hpp"
#include "vz/base/scope.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/lock.hpp"

#include <algorithm>

namespace vz::storage {

namespace {

using lvm_volume::Kind;

constexpr std::uint64_t k_template_size = std::uint64_t{2} << 30; // grows with the container; cannot shrink

std::string template_name(const Volume& volume) {
    const auto& tree = volume.template_tree;
    return "vz-template-" + tree.substr(tree.find_last_of("@/") + 1);
}

Result<void> make_template(const Volume& volume, const std::string& name, std::uint64_t bytes,
                           const Fill& fill) {
    const auto aside = name + "-new";
    VZ_TRY(lvm_volume::remove_if_there(volume, aside));
    Cleanup undo([&] { (void)lvm_volume::remove_if_there(volume, aside); });
    VZ_TRY(lvm_volume::make(Kind::thin, volume, aside, bytes));
    VZ_TRY(lvm_volume::fill(Kind::thin, volume, aside, fill));
    VZ_TRY(lvm::rename(volume.volume_group, aside, name));
    undo.dismiss();
    return {};
}

} // namespace

// Filled under another name and renamed when it is complete; whoever wants the same one meanwhile waits.
Result<lvm::LogicalVolume> ensure_thin_template(const Volume& volume, const Fill& fill) {
    const auto& group = volume.volume_group;
    const auto name = template_name(volume);
    const auto folder = area::parent_of(volume.private_area) + "/.templates";
    VZ_TRY(sys::make_dirs(folder, 0700));
    VZ_ASSIGN(const auto lock,
              sys::FileLock::acquire(folder + "/.lock-" + name, "tree", area::k_template_patience));
    if (!lock)
        return fail(Errc::locked, "template {}: another process does not finish with it", name);
    VZ_ASSIGN(const auto ready, lvm::find(group, name));
    if (ready)
        return *ready;
    auto made = make_template(volume, name, std::min(lvm_volume::size_of(volume), k_template_size), fill);
    if (!made && made.error().code == Errc::no_disk_space && lvm_volume::size_of(volume) > k_template_size)
        made = make_template(volume, name, lvm_volume::size_of(volume), fill);
    VZ_TRY(made);
    VZ_ASSIGN(const auto now, lvm::find(group, name));
    return now ? Result<lvm::LogicalVolume>(*now)
               : Result<lvm::LogicalVolume>(fail(Errc::create_private, "template volume {} is gone", name));
}

} // namespace vz::storage
