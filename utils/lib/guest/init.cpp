// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/guest/init.hpp"

#include "vz/base/text.hpp"

#include <algorithm>
#include <array>

namespace vz::guest {

namespace {

constexpr std::array k_inits{"sbin/init", "usr/sbin/init", "usr/lib/systemd/systemd", "lib/systemd/systemd"};
constexpr std::array k_shells{"bin/sh", "bin/bash"};
constexpr std::size_t k_max_release = 64 << 10;
constexpr std::size_t k_max_value = 256;

bool is_program(const sys::Dir& root, std::string_view path) {
    const auto status = root.stat_following(path);
    return status && *status && S_ISREG((*status)->st_mode) && ((*status)->st_mode & 0111U) != 0 &&
           (*status)->st_size > 0;
}

template<class Paths>
bool has_one_of(const sys::Dir& root, const Paths& paths) {
    return std::any_of(paths.begin(), paths.end(), [&](const char* path) { return is_program(root, path); });
}

// The value of a shell-like assignment: quotes taken off, backslash escapes resolved, nothing expanded.
std::string unquoted(std::string_view raw) {
    raw = text::trim(raw);
    const char quote = raw.empty() || (raw[0] != '"' && raw[0] != '\'') ? '\0' : raw[0];
    if (quote != '\0')
        raw.remove_prefix(1);
    std::string out;
    for (std::size_t i = 0; i < raw.size() && raw[i] != quote && out.size() < k_max_value; ++i) {
        if (raw[i] == '\\' && quote != '\'' && i + 1 < raw.size())
            ++i;
        out += raw[i];
    }
    return out;
}

std::string plain_word(const std::string& value) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    };
    return std::all_of(value.begin(), value.end(), allowed) ? value : std::string();
}

void take(OsRelease& release, std::string_view key, const std::string& value) {
    if (key == "ID" && !plain_word(value).empty())
        release.id = value;
    else if (key == "VERSION_ID")
        release.version_id = plain_word(value);
    else if (key == "VERSION_CODENAME")
        release.codename = plain_word(value);
    else if (key == "PRETTY_NAME")
        release.pretty_name = text::printable(value);
}

} // namespace

Result<void> check_bootable(const sys::Dir& root) {
    if (!has_one_of(root, k_inits))
        return fail(Errc::bad_template,
                    "no init inside (no executable /sbin/init): not the tree of a system");
    if (!has_one_of(root, k_shells))
        return fail(Errc::bad_template, "no shell inside (no executable /bin/sh): not the tree of a system");
    return {};
}

Result<void> allow_console_login(const sys::Dir& root) {
    constexpr const char* k_unit = "etc/systemd/system/console-getty.service";
    if (root.read_symlink(k_unit).value_or("") == "/dev/null")
        return root.remove(k_unit);
    return {};
}

OsRelease parse_os_release(std::string_view content) {
    OsRelease release;
    for (const auto& line : text::split(content.substr(0, k_max_release), '\n')) {
        const auto equals = line.find('=');
        if (equals != std::string::npos)
            take(release, text::trim(std::string_view(line).substr(0, equals)),
                 unquoted(std::string_view(line).substr(equals + 1)));
    }
    return release;
}

std::optional<OsRelease> os_release(const sys::Dir& root) {
    for (const char* path : {"etc/os-release", "usr/lib/os-release"})
        if (const auto content = root.read_file(path, k_max_release); content && *content)
            return parse_os_release(**content);
    return std::nullopt;
}

} // namespace vz::guest
