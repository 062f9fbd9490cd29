// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/bind_mounts.hpp"

#include "volume.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/guest_mount.hpp"
#include "vz/sys/userns.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace vz::ops {

namespace {

std::string live_path(const config::HostPaths& paths, config::Ctid ctid) {
    return paths.ct_run_dir(ctid) + "/bindmounts";
}

// A path without surprises: "/a/b", no blanks (they separate mounts), commas or colons (they separate their
// parts).
bool is_plain_path(std::string_view path) {
    if (path.size() < 2 || path.size() > 1000 || path[0] != '/' || text::has_control(path) ||
        path.find_first_of(" ,:\"'\\$`") != path.npos)
        return false;
    const auto parts = text::split(path.substr(1), '/');
    return std::none_of(parts.begin(), parts.end(),
                        [](const auto& part) { return part.empty() || part == "." || part == ".."; });
}

bool is_at_or_below(std::string_view path, std::string_view folder) {
    return path.substr(0, folder.size()) == folder &&
           (path.size() == folder.size() || path[folder.size()] == '/');
}

template<class Folders>
bool is_in(std::string_view path, const Folders& folders) {
    return std::any_of(folders.begin(), folders.end(),
                       [&](auto folder) { return is_at_or_below(path, folder); });
}

Result<void> take_option(BindMount& bind, const std::string& option) {
    if (option == "ro" || option == "rw")
        bind.read_only = option == "ro";
    else if (option == "noexec" || option == "exec")
        bind.no_exec = option == "noexec";
    else if (option == "suid" || option == "nosuid")
        bind.allow_suid = option == "suid";
    else if (option != "nodev") // always so
        return fail(Errc::bad_value, "unknown option {}: ro, rw, noexec, nosuid, suid and nodev are known",
                    text::printable(option));
    return {};
}

std::string without_slashes_at_end(std::string path) {
    while (path.size() > 1 && path.back() == '/')
        path.pop_back();
    return path;
}

// Whether somebody who is not root could walk to the folder, on a file system where set-user-id programs
// count.
bool is_open_to_users(const std::string& path) {
    struct statvfs fs {};
    if (::statvfs(path.c_str(), &fs) == 0 && (fs.f_flag & ST_NOSUID) != 0)
        return false;
    std::string folder;
    for (const auto& part : text::split(std::string_view(path).substr(1), '/')) {
        folder += "/" + part;
        struct stat st {};
        if (::stat(folder.c_str(), &st) != 0 || (st.st_mode & S_IXOTH) == 0)
            return false;
    }
    return true;
}

Result<sys::Fd> open_source(const BindMount& bind) {
    auto folder = sys::open_without_links(bind.source);
    if (folder)
        return folder;
    switch (folder.error().sys_errno) {
    case ELOOP:
        return fail(Errc::bad_value, "{} is, or goes through, a symbolic link: give the path it leads to",
                    bind.source);
    case ENOENT:
        return fail(Errc::bad_value,
                    "the folder {} of the host does not exist: make or mount it, or take it away with "
                    "--bindmount_del {}",
                    bind.source, bind.target);
    case ENOTDIR:
        return fail(Errc::bad_value, "{} is not a folder", bind.source);
    default:
        return folder;
    }
}

Result<sys::Fd> make_bind(const BindMount& bind, const sys::Fd& userns) {
    VZ_ASSIGN(const auto folder, open_source(bind));
    const sys::MountLimits limits{bind.read_only, !bind.allow_suid, true, bind.no_exec};
    auto mount = sys::clone_mount_limited(folder, userns, limits);
    if (!mount && mount.error().code == Errc::kernel_unsuitable)
        return fail(
            Errc::kernel_unsuitable,
            "the file system of {} cannot map owners for containers; use a folder on ext4, xfs or btrfs",
            bind.source);
    return std::move(mount).context(bind.source);
}

Result<void> save_live(const config::Container& container, const std::vector<BindMount>& binds) {
    const auto& paths = container.host().paths;
    VZ_TRY(sys::make_dirs(paths.ct_run_dir(container.ctid())));
    return sys::write_file_atomic(live_path(paths, container.ctid()), binds_text(binds) + "\n");
}

} // namespace

Result<BindMount> parse_bind(std::string_view text) {
    auto options = text::split(text, ',');
    const auto paths = text::split(options.front(), ':');
    options.erase(options.begin());
    if (paths.size() > 2)
        return fail(Errc::bad_value, "SRC:DST expected, not {}", text::printable(text));
    BindMount bind;
    bind.source = without_slashes_at_end(paths.front());
    bind.target = without_slashes_at_end(paths.back());
    for (const auto& path : {bind.source, bind.target})
        if (!is_plain_path(path))
            return fail(Errc::bad_value,
                        "not a path for a bind mount: {} (absolute, without blanks, quotes, colons, commas "
                        "and \"..\")",
                        text::printable(path));
    constexpr std::array k_own = {"/dev", "/proc", "/run", "/sys"};
    if (is_in(bind.target, k_own))
        return fail(Errc::bad_value, "{} belongs to the container's own system; choose another target",
                    bind.target);
    for (const auto& option : options)
        VZ_TRY(take_option(bind, option));
    return bind;
}

std::string bind_text(const BindMount& bind) {
    return bind.source + ":" + bind.target + (bind.read_only ? ",ro" : "") + (bind.no_exec ? ",noexec" : "") +
           (bind.allow_suid ? ",suid" : "");
}

Result<std::vector<BindMount>> parse_binds(std::string_view value) {
    std::vector<BindMount> out;
    for (const auto& word : text::words(value)) {
        VZ_ASSIGN(const auto bind, parse_bind(word).as(Errc::bad_config).context("BINDMOUNT"));
        out = with_bind(std::move(out), bind);
    }
    return out;
}

std::string binds_text(const std::vector<BindMount>& binds) {
    std::string out;
    for (const auto& bind : binds)
        out += (out.empty() ? "" : " ") + bind_text(bind);
    return out;
}

std::vector<BindMount> with_bind(std::vector<BindMount> binds, const BindMount& added) {
    for (auto& bind : binds)
        if (bind.target == added.target) {
            bind = added;
            return binds;
        }
    binds.push_back(added);
    return binds;
}

std::vector<BindMount> without_bind(std::vector<BindMount> binds, std::string_view target) {
    binds.erase(std::remove_if(binds.begin(), binds.end(),
                               [&](const auto& bind) { return target == "all" || bind.target == target; }),
                binds.end());
    return binds;
}

Result<void> check_bind_source_name(const config::HostPaths& paths, const BindMount& bind) {
    constexpr std::array k_never = {"/boot", "/dev", "/etc", "/proc", "/root", "/run", "/sys"};
    constexpr std::array k_read_only = {"/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin", "/usr"};
    const auto data = paths.data_dir();
    const std::array own = {data + "/private", data + "/root", data + "/pending", data + "/template",
                            data + "/dump"};
    const auto& source = bind.source;
    // What holds our own files holds those of all containers.
    if (is_in(source, k_never) || is_in(source, own) || is_at_or_below(data, source))
        return fail(Errc::bad_value, "{} is what this host lives from, not for containers", source);
    if (!bind.read_only && is_in(source, k_read_only))
        return fail(Errc::bad_value, "{} is what this host lives from; only read-only (\",ro\")", source);
    return {};
}

Result<void> check_bind_source(const config::Container& container, const BindMount& bind, Reporter& out) {
    VZ_TRY(check_bind_source_name(container.host().paths, bind));
    VZ_ASSIGN(const auto volume, volume_of(container));
    VZ_ASSIGN(const auto userns, sys::make_userns(volume.ids));
    VZ_TRY(make_bind(bind, userns));
    if (!bind.read_only && is_open_to_users(bind.source))
        out.warning(
            format("users of this host can reach {}, and the container's root can leave set-user-id programs "
                   "there: close it or a folder above it to them (chmod o-x), or mount it nosuid",
                   bind.source));
    return {};
}

Result<void> attach_bind(const config::Container& container, pid_t init, const BindMount& bind) {
    const auto& paths = container.host().paths;
    VZ_TRY(check_bind_source_name(paths, bind));
    VZ_ASSIGN(const auto guest, sys::open_guest_namespaces(init));
    VZ_ASSIGN(const auto mount, make_bind(bind, guest.user));
    // The list first: what is in it without being mounted does no harm, and the other way round nobody knew
    // of it.
    const auto live = live_binds(paths, container.ctid());
    VZ_TRY(save_live(container, with_bind(live, bind)));
    if (without_bind(live, bind.target).size() != live.size())
        VZ_TRY(sys::detach_in_guest(guest, bind.target));
    return sys::attach_in_guest(guest, mount, bind.target);
}

Result<void> attach_binds(const config::Container& container, pid_t init) {
    VZ_ASSIGN(auto binds, parse_binds(container.get_or("BINDMOUNT", "")));
    std::sort(binds.begin(), binds.end(), [](const auto& a, const auto& b) { return a.target < b.target; });
    ::unlink(live_path(container.host().paths, container.ctid()).c_str()); // of the life before a reboot
    for (const auto& bind : binds)
        VZ_TRY(attach_bind(container, init, bind).as(Errc::mount).context("bind mount"));
    return {};
}

Result<void> detach_bind(const config::Container& container, pid_t init, const std::string& target) {
    VZ_ASSIGN(const auto guest, sys::open_guest_namespaces(init));
    const auto live = live_binds(container.host().paths, container.ctid());
    for (const auto& bind : live)
        if (target == "all" || bind.target == target)
            VZ_TRY(sys::detach_in_guest(guest, bind.target));
    return save_live(container, without_bind(live, target));
}

std::vector<BindMount> live_binds(const config::HostPaths& paths, config::Ctid ctid) {
    const auto content = sys::read_file(live_path(paths, ctid)).value_or(std::nullopt).value_or("");
    return parse_binds(content).value_or({});
}

} // namespace vz::ops
