// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/limits/devices.hpp"

#include "vz/base/text.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>

namespace vz::limits {

namespace {

constexpr std::uint32_t k_loop_major = 7;
constexpr std::uint64_t k_largest_major = 4095; // of dev_t: 12 bits, and 20 for the minor
constexpr std::uint64_t k_largest_minor = 1048575;

std::string rights_text(const DeviceRule& rule) {
    return std::string(rule.read ? "r" : "") + (rule.write ? "w" : "");
}

std::string minor_text(const DeviceRule& rule, const char* all) {
    return rule.minor ? std::to_string(*rule.minor) : all;
}

Error bad_rule(std::string_view text) {
    return fail(Errc::bad_value, "not a device like c:10:200:rw: {}", text::printable(text));
}

} // namespace

std::string DeviceRule::text() const {
    return format("{}:{}:{}:{}", type, major, minor_text(*this, "all"),
                  grants() ? rights_text(*this) : "none");
}

std::string DeviceRule::control_group() const {
    return format("{} {}:{} {}", type, major, minor_text(*this, "*"), grants() ? rights_text(*this) : "rwm");
}

Result<Rights> parse_rights(std::string_view text) {
    if (text == "none")
        return Rights{};
    Rights rights;
    for (const char c : text) {
        if (c != 'r' && c != 'w' && c != 'q')
            return fail(Errc::bad_value, "not rights of a device like rw: {}", text::printable(text));
        rights.read = rights.read || c == 'r';
        rights.write = rights.write || c == 'w';
    }
    if (text.empty())
        return fail(Errc::bad_value, "rights of a device are missing: r, w, rw or none");
    return rights;
}

Result<DeviceRule> parse_device_rule(std::string_view text) {
    const auto parts = text::split(text, ':');
    if (parts.size() != 4 || (parts[0] != "c" && parts[0] != "b"))
        return bad_rule(text);
    const auto major_number = text::to_uint(parts[1]);
    const bool all = parts[2] == "all" || parts[2] == "*";
    const auto minor_number = text::to_uint(parts[2]);
    if (!major_number || *major_number > k_largest_major || (!all && !minor_number) ||
        minor_number.value_or(0) > k_largest_minor)
        return bad_rule(text);
    if (parts[0] == "b" && *major_number == k_loop_major)
        return fail(Errc::bad_value,
                    "loop devices are not given to containers: they lead to files of the host");
    VZ_ASSIGN(const auto rights, parse_rights(parts[3]));
    DeviceRule rule{parts[0][0], static_cast<std::uint32_t>(*major_number), std::nullopt, rights.read,
                    rights.write};
    if (!all)
        rule.minor = static_cast<std::uint32_t>(*minor_number);
    return rule;
}

bool is_device_name(std::string_view name) {
    const auto parts = text::split(name, '/');
    return !name.empty() && name.size() < 256 && !text::has_control(name) &&
           name.find_first_of(" :\"\\$`") == std::string_view::npos &&
           std::none_of(parts.begin(), parts.end(),
                        [](const std::string& part) { return part.empty() || part[0] == '.'; });
}

Result<DeviceNode> host_device(const std::string& name) {
    struct stat st {};
    const auto path = "/dev/" + name;
    if (::stat(path.c_str(), &st) != 0 || (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode)))
        return fail(Errc::devices, "the host has no device {}", path);
    if (S_ISBLK(st.st_mode) && major(st.st_rdev) == k_loop_major)
        return fail(Errc::bad_value,
                    "loop devices are not given to containers: they lead to files of the host");
    return DeviceNode{name, S_ISCHR(st.st_mode) ? 'c' : 'b', st.st_rdev, st.st_mode & 0777U};
}

std::optional<std::string> device_name(char type, std::uint32_t major_number, std::uint32_t minor_number) {
    const auto uevent = sys::read_kernel_file(
        format("/sys/dev/{}/{}:{}/uevent", type == 'c' ? "char" : "block", major_number, minor_number));
    for (const auto& line : text::split(uevent.value_or(""), '\n'))
        if (line.rfind("DEVNAME=", 0) == 0 && is_device_name(line.substr(8)))
            return line.substr(8);
    utsname kernel{};
    (void)::uname(&kernel);
    const auto path = format("/lib/modules/{}/modules.devname", kernel.release);
    return static_device_name(sys::read_file(path).value_or(std::nullopt).value_or(""), type, major_number,
                              minor_number);
}

std::optional<std::string> static_device_name(std::string_view list, char type, std::uint32_t major_number,
                                              std::uint32_t minor_number) {
    const auto number = format("{}{}:{}", type, major_number, minor_number);
    for (const auto& line : text::split(list, '\n'))
        if (const auto words = text::words(line);
            words.size() == 3 && words[0][0] != '#' && words[2] == number && is_device_name(words[1]))
            return words[1];
    return std::nullopt;
}

} // namespace vz::limits
