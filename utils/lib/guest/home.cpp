// SPDX-License-Identifier: GPL-2.0-or-later
#include "home.hpp"

#include "entry.hpp"
#include "vz/base/scope.hpp"

#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <unistd.h>
#include <vector>

namespace vz::guest {

namespace {

constexpr std::size_t k_max_files = 64;
constexpr std::size_t k_max_file = 1 << 20;

struct CloseDir {
    void operator()(DIR* dir) const { ::closedir(dir); }
};

// Some names of the folder: a hostile one may hold millions.
std::vector<std::string> first_names(const sys::Dir& folder) {
    std::vector<std::string> names;
    auto fd = folder.open_at(".", O_RDONLY | O_DIRECTORY);
    const std::unique_ptr<DIR, CloseDir> stream(fd ? ::fdopendir(fd->get()) : nullptr);
    if (!stream)
        return names;
    fd->release();
    while (const dirent* entry = names.size() < k_max_files ? ::readdir(stream.get()) : nullptr)
        if (const std::string name = entry->d_name; name != "." && name != "..")
            names.push_back(name);
    return names;
}

Result<void> copy_skeleton(const sys::Dir& root, const sys::Dir& home, sys::FileOwner owner) {
    const auto skeleton = root.sub("etc/skel");
    if (!skeleton)
        return {}; // the home starts empty
    for (const auto& name : first_names(*skeleton)) {
        const auto entry = Entry::look(*skeleton, name);
        const auto content =
            entry && entry->regular() ? entry->read(k_max_file) : Result<std::string>(Error{});
        if (content)
            VZ_TRY(home.write_file(name, *content, entry->status().st_mode & 0777U, owner));
    }
    return {};
}

Result<void> fill_home(const sys::Dir& root, const sys::Dir& homes, const std::string& name,
                       sys::FileOwner owner) {
    if (::mkdirat(homes.fd(), name.c_str(), 0700) != 0)
        return sys_fail(errno, Errc::create_dir, "mkdir {}", name);
    VZ_ASSIGN(const sys::Fd fd, homes.open_at(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    VZ_ASSIGN(const auto home, homes.sub(name));
    VZ_TRY(copy_skeleton(root, home, owner));
    if (::fchown(fd.get(), owner.uid, owner.gid) != 0 || ::fchmod(fd.get(), 0700) != 0)
        return sys_fail(errno, Errc::system, "chown {}", name);
    return {};
}

} // namespace

Result<void> make_home(const sys::Dir& root, const std::string& user, sys::FileOwner owner) {
    VZ_TRY(root.make_dirs("home"));
    VZ_ASSIGN(const auto homes, root.sub("home"));
    VZ_ASSIGN(const auto present, homes.stat(user));
    if (present)
        return {};
    const std::string temporary = format(".{}.vz-new", user);
    VZ_TRY(homes.remove_tree(temporary)); // of a killed predecessor
    Cleanup undo([&] { (void)homes.remove_tree(temporary).has_value(); });
    VZ_TRY(fill_home(root, homes, temporary, owner));
    if (::renameat2(homes.fd(), temporary.c_str(), homes.fd(), user.c_str(), RENAME_NOREPLACE) != 0)
        return sys_fail(errno, Errc::create_dir, "make home/{}", user);
    undo.dismiss();
    return {};
}

} // namespace vz::guest
