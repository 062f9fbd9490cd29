// SPDX-License-Identifier: GPL-2.0-or-later
// Who is at work. Sources: proc(5), sudo(8), ssh(1), utmp(5), Documentation/admin-guide/devices.txt of the
// kernel.
#include "who.hpp"
#include "vz/record/record.hpp"

#include "vz/base/text.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>
#include <cstdlib>
#include <pwd.h>
#include <unistd.h>
#include <utmpx.h>

namespace vz::record {

namespace {

constexpr std::uint64_t k_no_login = 0xffffffff; // (uid_t)-1: no login program set it

std::uint32_t login_uid() {
    const auto own = text::to_uint(text::trim(sys::read_kernel_file("/proc/self/loginuid").value_or("")));
    if (own && *own < k_no_login)
        return static_cast<std::uint32_t>(*own);
    const char* sudo = std::getenv("SUDO_UID");
    const auto before = text::to_uint(sudo ? sudo : "");
    return before && *before < k_no_login ? static_cast<std::uint32_t>(*before) : ::getuid();
}

std::string user_name(std::uint32_t uid) {
    char buffer[16384];
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(uid, &entry, buffer, sizeof buffer, &found) == 0 && found)
        return found->pw_name;
    return {};
}

// An ssh session's variable is lost in sudo, but the shell before it has it.
std::string ssh_client() {
    const char* own = std::getenv("SSH_CONNECTION");
    if (auto from = client_of(own ? own : ""); !from.empty())
        return from;
    std::string pid = std::to_string(::getppid());
    for (int generation = 0; generation < 16 && pid != "0" && pid != "1"; ++generation) {
        const auto environment = sys::read_kernel_file("/proc/" + pid + "/environ").value_or("");
        for (const auto& variable : text::split(environment, '\0'))
            if (variable.rfind("SSH_CONNECTION=", 0) == 0)
                return client_of(variable.substr(15));
        const auto fields = stat_fields(sys::read_kernel_file("/proc/" + pid + "/stat").value_or(""));
        if (fields.size() < 2)
            return {};
        pid = fields[1];
    }
    return {};
}

std::string host_in_utmp(const std::string& tty) {
    utmpx wanted{};
    if (tty.empty() || tty.size() >= sizeof wanted.ut_line)
        return {};
    std::copy(tty.begin(), tty.end(), wanted.ut_line);
    ::setutxent();
    const utmpx* found = ::getutxline(&wanted);
    std::string host =
        found ? std::string(found->ut_host, ::strnlen(found->ut_host, sizeof found->ut_host)) : "";
    ::endutxent();
    return host;
}

} // namespace

std::vector<std::string> stat_fields(std::string_view stat) {
    const auto end = stat.rfind(')');
    return end == stat.npos ? std::vector<std::string>{} : text::words(stat.substr(end + 1));
}

std::string terminal_name(std::uint64_t device) {
    const auto major = device >> 8 & 0xfff;
    const auto minor = (device & 0xff) | (device >> 12 & 0xfff00);
    if (major >= 136 && major <= 143)
        return format("pts/{}", (major - 136) * 256 + minor);
    if (major == 4)
        return minor < 64 ? format("tty{}", minor) : format("ttyS{}", minor - 64);
    return major == 5 && minor == 1 ? "console" : "";
}

std::string client_of(std::string_view ssh_connection) {
    const auto words = text::words(ssh_connection);
    const auto is_address = [](char c) {
        return std::isxdigit(static_cast<unsigned char>(c)) != 0 || c == '.' || c == ':';
    };
    if (words.size() != 4)
        return {};
    const auto address = words[0].substr(0, words[0].find('%')); // without the device of a link-local one
    const bool good = address.size() < 64 && std::all_of(address.begin(), address.end(), is_address);
    return good ? address : "";
}

std::string service_of(std::string_view cgroups) {
    for (const auto& line : text::split(cgroups, '\n')) {
        const auto name = line.substr(line.rfind('/') + 1);
        constexpr std::string_view k_suffix = ".service";
        const bool is_service = name.size() > k_suffix.size() &&
                                name.compare(name.size() - k_suffix.size(), k_suffix.npos, k_suffix) == 0;
        if (is_service && line.find("/user.slice/") == line.npos)
            return name;
    }
    return {};
}

Who find_who() {
    Who who;
    who.uid = login_uid();
    who.user = user_name(*who.uid);
    const auto fields = stat_fields(sys::read_kernel_file("/proc/self/stat").value_or(""));
    if (fields.size() > 4)
        who.tty = terminal_name(text::to_uint(fields[4]).value_or(0));
    who.from = ssh_client();
    if (who.from.empty())
        who.from = host_in_utmp(who.tty);
    if (who.tty.empty() && who.from.empty())
        who.service = service_of(sys::read_kernel_file("/proc/self/cgroup").value_or(""));
    return who;
}

} // namespace vz::record
