// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/config/registry.hpp"

#include "vz/base/text.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/random.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <unistd.h>

namespace vz::config {

namespace {

std::optional<Ctid> ctid_of_file(std::string_view name) {
    constexpr std::string_view k_suffix = ".conf";
    if (name.size() <= k_suffix.size() || name.substr(name.size() - k_suffix.size()) != k_suffix)
        return std::nullopt;
    const auto number = name.substr(0, name.size() - k_suffix.size());
    const auto ctid = Ctid::parse(number);
    // "0101.conf" is not 101.conf.
    return ctid && !ctid->is_host() && ctid->text() == number ? ctid : std::nullopt;
}

std::optional<Ctid> link_target(const std::string& link) {
    char target[4096];
    const auto n = ::readlink(link.c_str(), target, sizeof target);
    if (n <= 0)
        return std::nullopt;
    const std::string_view path(target, static_cast<std::size_t>(n));
    return ctid_of_file(path.substr(path.rfind('/') + 1));
}

bool is_at_or_below(std::string_view path, std::string_view folder) {
    return path.substr(0, folder.size()) == folder &&
           (path.size() == folder.size() || path[folder.size()] == '/');
}

// A slip of the pen must not mount a container over the host's folders, nor have destroy remove them.
bool is_fit_for_container(const HostPaths& paths, std::string_view path) {
    if (path.substr(0, paths.prefix.size()) != paths.prefix)
        return false;
    const auto inside = path.substr(paths.prefix.size());
    const auto parts = text::split(inside, '/');
    const auto is_plain = [](const std::string& part) {
        return !part.empty() && part != "." && part != "..";
    };
    if (parts.size() < 3 || !parts.front().empty() || !std::all_of(parts.begin() + 1, parts.end(), is_plain))
        return false;
    constexpr std::array k_system = {"/bin",   "/boot",   "/dev",  "/etc",  "/lib", "/lib32",
                                     "/lib64", "/libx32", "/proc", "/sbin", "/sys", "/usr"};
    return std::none_of(k_system.begin(), k_system.end(),
                        [&](const char* f) { return is_at_or_below(inside, f); }) &&
           !is_at_or_below(paths.data_dir() + "/private", path);
}

} // namespace

Result<std::vector<Ctid>> list_ctids(const HostPaths& paths) {
    auto dir = sys::Dir::open(paths.conf_dir());
    if (!dir && dir.error().sys_errno == ENOENT)
        return std::vector<Ctid>{};
    if (!dir)
        return std::move(dir).error();
    VZ_ASSIGN(const auto names, dir->list());
    std::vector<Ctid> ids;
    for (const auto& name : names)
        if (const auto ctid = ctid_of_file(name))
            ids.push_back(*ctid);
    std::sort(ids.begin(), ids.end());
    return ids;
}

Result<std::optional<Ctid>> find_by_name(const HostPaths& paths, std::string_view name) {
    VZ_ASSIGN(const auto ids, list_ctids(paths));
    for (const Ctid ctid : ids) {
        const auto content = sys::read_file(paths.ct_conf(ctid));
        if (!content || !*content || (*content)->find("NAME=") == std::string::npos)
            continue;
        const auto conf = ConfFile::parse(**content);
        if (conf && conf->get("NAME") == name)
            return std::optional(ctid);
    }
    return std::optional<Ctid>{};
}

Result<Ctid> resolve(const HostPaths& paths, std::string_view id_or_name) {
    if (const auto ctid = Ctid::parse(id_or_name))
        return *ctid;
    if (is_valid_name(id_or_name)) {
        const auto linked = link_target(format("{}/{}", paths.names_dir(), id_or_name));
        if (linked && sys::exists(paths.ct_conf(*linked)))
            return *linked;
        VZ_ASSIGN(const auto found, find_by_name(paths, id_or_name));
        if (found)
            return *found;
    }
    return fail(Errc::bad_value, "Bad CT ID {}", text::printable(id_or_name));
}

Result<void> check_folders(const Container& container) {
    const auto& paths = container.host().paths;
    const auto root = container.root();
    const auto area = container.private_area();
    for (const auto& [key, path] : {std::pair("VE_ROOT", root), std::pair("VE_PRIVATE", area)})
        if (!is_fit_for_container(paths, path))
            return fail(Errc::bad_config, "{}: {} is not a folder for a container: {}",
                        paths.ct_conf(container.ctid()), key, text::printable(path));
    if (is_at_or_below(root, area) || is_at_or_below(area, root))
        return fail(Errc::bad_config, "{}: VE_ROOT and VE_PRIVATE are one inside the other",
                    paths.ct_conf(container.ctid()));
    return {};
}

Result<Container> load_container(const Host& host, Ctid ctid) {
    const auto path = host.paths.ct_conf(ctid);
    VZ_ASSIGN(const auto content, sys::read_file(path).as(Errc::bad_config));
    if (!content)
        return fail(Errc::no_container_config, "Container config file does not exist");
    VZ_ASSIGN(auto conf, ConfFile::parse(*content).context(path));
    Container container(host, ctid, std::move(conf));
    VZ_TRY(check_folders(container));
    // It is part of a path and of liblxc's names.
    if (container.uuid().size() > 64 ||
        container.uuid().find_first_not_of("0123456789abcdefABCDEF-") != std::string::npos)
        return fail(Errc::bad_config, "{}: VE_UUID is not a UUID: {}", path,
                    text::printable(container.uuid()));
    return container;
}

Result<void> link_name(const HostPaths& paths, Ctid ctid, const std::string& name) {
    VZ_TRY(sys::make_dirs(paths.names_dir()));
    VZ_ASSIGN(const auto dir, sys::Dir::open(paths.names_dir()));
    VZ_ASSIGN(const auto links, dir.list());
    if (!name.empty() && link_target(paths.names_dir() + "/" + name) != ctid) {
        // Beside and renamed: another process never sees the name missing.
        const auto temporary = "." + sys::random_hex(6);
        VZ_TRY(dir.make_symlink(paths.ct_conf(ctid), temporary));
        VZ_TRY(sys::rename_durably(paths.names_dir() + "/" + temporary, paths.names_dir() + "/" + name)
                   .as(Errc::name));
    }
    for (const auto& link : links)
        if (link != name && link_target(paths.names_dir() + "/" + link) == ctid)
            VZ_TRY(dir.remove(link));
    return {};
}

} // namespace vz::config
