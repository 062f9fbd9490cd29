// SPDX-License-Identifier: GPL-2.0-or-later
#include "overlay_mount.hpp"

#include "layers.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/mount.hpp"

#include <cerrno>
#include <functional>
#include <optional>
#include <sched.h>
#include <sys/mount.h>
#include <thread>
#include <vector>

namespace vz::storage {

namespace {

// `work` in a thread with a mount namespace of its own, where mounts can stand for a moment that nobody else
// ever sees, and that vanish with us. Descriptors are shared by all threads.
Result<sys::Fd> in_private_mounts(const std::function<Result<sys::Fd>()>& work) {
    std::optional<Result<sys::Fd>> done;
    std::thread([&] {
        if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
            done = Result<sys::Fd>(sys_fail(errno, Errc::mount, "make a private mount namespace"));
        else
            done = work();
    }).join();
    return *std::move(done);
}

// Lower layers must stand at some path while an overlay is made. Each host has this one, and no layer lies in
// it.
constexpr const char* k_stand = "/sys";

Result<std::vector<std::string>> attach_all(const std::vector<sys::Fd>& layers) {
    if (::mount("vz", k_stand, "tmpfs", 0, "size=64k,mode=0700") != 0)
        return sys_fail(errno, Errc::mount, "mount a tmpfs on {}", k_stand);
    std::vector<std::string> paths;
    for (const auto& layer : layers) {
        paths.push_back(format("{}/{}", k_stand, paths.size()));
        VZ_TRY(sys::make_dirs(paths.back(), 0700));
        VZ_TRY(sys::attach_mount(layer, paths.back()));
    }
    return paths;
}

// `lower`: newest first. `folder` holds upper and work.
Result<sys::Fd> overlay_on(const std::vector<sys::Fd>& lower, const std::string& folder) {
    return in_private_mounts([&]() -> Result<sys::Fd> {
        VZ_ASSIGN(const auto paths, attach_all(lower));
        return sys::make_overlay({paths, folder + "/upper", folder + "/work"});
    });
}

Result<sys::Fd> template_layer(const Volume& volume) {
    if (!sys::exists(volume.template_tree))
        return fail(Errc::template_not_found,
                    "the container's template tree {} is missing; build or import the template again",
                    volume.template_tree);
    VZ_ASSIGN(const auto userns, sys::make_userns(volume.ids));
    return sys::clone_mount_mapped(volume.template_tree, userns);
}

Result<sys::Fd> frozen_layer(const layers::Layer& layer, const Volume& volume) {
    if (layer.owners == volume.ids)
        return sys::clone_mount(layer.path);
    VZ_ASSIGN(const auto userns, sys::make_userns_from(layer.owners, volume.ids));
    return sys::clone_mount_mapped(layer.path, userns);
}

} // namespace

Result<sys::Fd> open_overlay(const Volume& volume, const std::string& folder) {
    VZ_ASSIGN(const auto frozen, layers::below(volume, folder));
    std::vector<sys::Fd> lower;
    for (const auto& layer : frozen) {
        VZ_ASSIGN(auto mount, frozen_layer(layer, volume));
        lower.push_back(std::move(mount));
    }
    VZ_ASSIGN(auto mount, template_layer(volume));
    lower.push_back(std::move(mount));
    return overlay_on(lower, folder);
}

} // namespace vz::storage
