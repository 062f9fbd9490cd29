// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/templates/clean.hpp"

#include "vz/base/text.hpp"
#include "vz/guest/renewal.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>

namespace vz::templates {

namespace {

constexpr std::array k_emptied{
    // the folder stays, what is in it goes
    "tmp",           "var/tmp",
    "run",           "var/lib/apt/lists",
    "var/cache/apt", "var/cache/ldconfig",
    "var/cache/man", "var/lib/systemd/coredump",
    "boot",
};

constexpr std::array k_removed{
    "etc/mailname",
    "etc/.pwd.lock",
    "etc/apt/sources.list",
    "etc/apt/apt.conf.d/99mmdebstrap",
    "etc/dpkg/dpkg.cfg.d/99mmdebstrap",
    "usr/sbin/policy-rc.d",
    "root/.bash_history",
    "root/.wget-hsts",
    "etc/fstab",
};

constexpr std::array k_backups{
    // earlier states kept by maintainer scripts: folder, pattern
    std::pair{"etc", "passwd-"},
    std::pair{"etc", "group-"},
    std::pair{"etc", "shadow-"},
    std::pair{"etc", "gshadow-"},
    std::pair{"etc", "subuid-"},
    std::pair{"etc", "subgid-"},
    std::pair{"var/lib/dpkg", "*-old"},
    std::pair{"var/cache/debconf", "*-old"},
    std::pair{"etc/apt/sources.list.d", "*"},
};

constexpr std::string_view k_hosts = "127.0.0.1\tlocalhost\n"
                                     "::1\t\tlocalhost ip6-localhost ip6-loopback\n"
                                     "ff02::1\t\tip6-allnodes\n"
                                     "ff02::2\t\tip6-allrouters\n";

Result<bool> is_folder(const sys::Dir& root, const std::string& path) {
    VZ_ASSIGN(const auto st, root.stat(path));
    return st && S_ISDIR(st->st_mode);
}

Result<void> empty_folder(const sys::Dir& root, const std::string& path) {
    VZ_ASSIGN(const bool there, is_folder(root, path));
    if (!there)
        return {};
    VZ_ASSIGN(const auto names, root.list(path));
    for (const auto& name : names)
        VZ_TRY(root.remove_tree(path + "/" + name));
    return {};
}

// Log files go, their folders stay: services expect them with their owners.
Result<void> remove_files_below(const sys::Dir& root, const std::string& path) {
    VZ_ASSIGN(const bool there, is_folder(root, path));
    if (!there)
        return {};
    VZ_ASSIGN(const auto names, root.list(path));
    for (const auto& name : names) {
        const auto below = path + "/" + name;
        VZ_ASSIGN(const bool folder, is_folder(root, below));
        VZ_TRY(folder ? remove_files_below(root, below) : root.remove(below));
    }
    return {};
}

// Byte code of Python: made again when it is needed, and never twice the same.
Result<void> remove_byte_code(const sys::Dir& root, const std::string& path) {
    VZ_ASSIGN(const auto names, root.list(path));
    for (const auto& name : names) {
        const auto below = path + "/" + name;
        VZ_ASSIGN(const bool folder, is_folder(root, below));
        if (folder && name == "__pycache__")
            VZ_TRY(root.remove_tree(below));
        else if (folder)
            VZ_TRY(remove_byte_code(root, below));
    }
    return {};
}

Result<void> remove_matching(const sys::Dir& root, const std::string& folder, const std::string& pattern) {
    VZ_ASSIGN(const bool there, is_folder(root, folder));
    if (!there)
        return {};
    VZ_ASSIGN(const auto names, root.list(folder));
    for (const auto& name : names)
        if (text::matches_glob(pattern, name))
            VZ_TRY(root.remove_tree(folder + "/" + name));
    return {};
}

// New content with the owner and mode the file has; a file that is not there stays away.
Result<void> rewrite(const sys::Dir& root, const std::string& path, const std::string& content) {
    VZ_ASSIGN(const auto st, root.stat(path));
    if (!st)
        return {};
    return root.write_file(path, content, st->st_mode & 07777, sys::FileOwner{st->st_uid, st->st_gid});
}

Result<void> remove_leftovers(const sys::Dir& root, const CleanPlan& plan) {
    for (const char* folder : k_emptied)
        VZ_TRY(empty_folder(root, folder));
    VZ_TRY(remove_files_below(root, "var/log"));
    VZ_TRY(remove_byte_code(root, "usr"));
    for (const char* path : k_removed)
        VZ_TRY(root.remove_tree(path));
    for (const auto& [folder, pattern] : k_backups)
        VZ_TRY(remove_matching(root, folder, pattern));
    for (const auto& path : plan.removed)
        VZ_TRY(root.remove_tree(path));
    return {};
}

Result<void> remove_identity(const sys::Dir& root, const CleanPlan& plan) {
    VZ_TRY(guest::forget_identity(root));
    VZ_TRY(root.write_file("etc/hostname", "", 0644));
    VZ_TRY(root.write_file("etc/resolv.conf", "", 0644));
    VZ_TRY(root.write_file("etc/hosts", k_hosts, 0644));
    VZ_ASSIGN(const auto shadow, root.read_file("etc/shadow"));
    VZ_TRY(rewrite(root, "etc/shadow", cleaned_shadow(shadow.value_or(""), plan.date)));
    VZ_ASSIGN(const auto home, root.open_at("root", O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    return ::fchmod(home.get(), 0700) == 0 ? Result<void>() : sys_fail(errno, Errc::system, "chmod root");
}

Result<void> mask(const sys::Dir& root, const std::string& unit) {
    const auto path = "etc/systemd/system/" + unit;
    VZ_TRY(root.remove_tree(path));
    return root.make_symlink("/dev/null", path);
}

Result<void> set_up_units(const sys::Dir& root, const CleanPlan& plan) {
    VZ_TRY(root.make_dirs("etc/systemd/system/multi-user.target.wants"));
    for (const auto& unit : plan.masked)
        VZ_TRY(mask(root, unit));
    return guest::make_ssh_keys_at_boot(root);
}

// systemd would take the first boot for that after an upgrade and build caches that are already there.
Result<void> mark_updated(const sys::Dir& root, std::int64_t date) {
    const auto stamp = format("TIMESTAMP_NSEC={}000000000\n", date); // systemd-update-done.service(8)
    VZ_TRY(root.write_file("etc/.updated", stamp));
    return root.write_file("var/.updated", stamp);
}

// The kernel's log is the host's: rsyslog without its reader starts without complaint.
Result<void> quiet_rsyslog(const sys::Dir& root) {
    VZ_ASSIGN(const auto content, root.read_file("etc/rsyslog.conf"));
    if (!content)
        return {};
    auto lines = text::split(*content, '\n');
    for (auto& line : lines)
        if (line.compare(0, 21, "module(load=\"imklog\")") == 0)
            line = "#" + line;
    return rewrite(root, "etc/rsyslog.conf", text::join(lines, "\n"));
}

bool is_installed(std::string_view status) {
    return status == "install ok installed" || status == "hold ok installed";
}

} // namespace

Result<void> clean(const sys::Dir& root, const CleanPlan& plan) {
    VZ_TRY(remove_leftovers(root, plan));
    VZ_TRY(remove_identity(root, plan));
    VZ_TRY(set_up_units(root, plan));
    VZ_TRY(quiet_rsyslog(root));
    VZ_TRY(mark_updated(root, plan.date));
    return root.write_file("etc/apt/sources.list.d/debian.sources", plan.apt_sources);
}

std::string cleaned_shadow(std::string_view shadow, std::int64_t date) {
    std::string out;
    for (const auto& line : text::split(shadow, '\n')) {
        if (line.empty())
            continue;
        auto fields = text::split(line, ':'); // shadow(5)
        if (fields.size() > 1 && fields[1].empty())
            fields[1] = "*";
        if (fields.size() > 2 && !fields[2].empty())
            fields[2] = std::to_string(date / 86400);
        out += text::join(fields, ":") + "\n";
    }
    return out;
}

std::vector<Package> parse_dpkg_status(std::string_view status) {
    std::vector<Package> out;
    Package package;
    std::string state;
    const auto end_stanza = [&] {
        if (!package.name.empty() && is_installed(state))
            out.push_back(std::move(package));
        package = {};
        state.clear();
    };
    while (!status.empty()) {
        const auto end = std::min(status.find('\n'), status.size());
        const auto line = status.substr(0, end);
        status.remove_prefix(std::min(end + 1, status.size()));
        const auto field = [&](std::string_view key, std::string& into) {
            if (line.substr(0, key.size()) == key)
                into = text::trim(line.substr(key.size()));
        };
        if (line.empty())
            end_stanza();
        field("Package:", package.name);
        field("Version:", package.version);
        field("Architecture:", package.architecture);
        field("Status:", state);
    }
    end_stanza();
    std::sort(out.begin(), out.end(), [](const Package& a, const Package& b) {
        return std::tie(a.name, a.architecture) < std::tie(b.name, b.architecture);
    });
    return out;
}

} // namespace vz::templates
