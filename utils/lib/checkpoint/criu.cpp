// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/checkpoint/criu.hpp"

#include "vz/base/text.hpp"
#include "vz/sys/process.hpp"

#include <cctype>
#include <sys/utsname.h>

namespace vz::checkpoint {

namespace {

// Programs made for earlier kernels fail at what later ones have in each process (vDSO, rseq, shadow
// stacks), and earlier kernels have no id-mapped mounts.
constexpr Version k_least_criu{4, 1};
constexpr Version k_new_kernel{6, 5};
constexpr Version k_least_criu_before{3, 17};

unsigned number_at(std::string_view text, std::size_t& at) {
    unsigned value = 0;
    while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0 && value < 100000)
        value = value * 10 + static_cast<unsigned>(text[at++] - '0');
    return value;
}

// "Error (criu/mount.c:720): mnt: …" → "mnt: …"
std::string without_position(std::string_view message) {
    const auto end = message.find("): ");
    return std::string(text::trim(end == message.npos ? message : message.substr(end + 3)));
}

} // namespace

std::optional<Version> parse_version(std::string_view text) {
    auto at = text.find_first_of("0123456789");
    if (at == text.npos)
        return std::nullopt;
    Version version;
    version.major = number_at(text, at);
    if (at < text.size() && text[at] == '.')
        version.minor = number_at(text, ++at);
    return version;
}

std::optional<std::string> version_obstacle(const Version& criu, const Version& kernel) {
    const auto& least = kernel >= k_new_kernel ? k_least_criu : k_least_criu_before;
    if (criu >= least)
        return std::nullopt;
    return format("CRIU {}.{} is too old for kernel {}.{}: {}.{} or newer is needed (Debian 13 has 4.1)",
                  criu.major, criu.minor, kernel.major, kernel.minor, least.major, least.minor);
}

Result<void> check_host() {
    const auto told = sys::run(sys::Command({"criu", "--version"}));
    const auto version = told && told->status == 0 ? parse_version(told->out) : std::nullopt;
    if (!version)
        return fail(Errc::checkpoint, "the program criu is missing: install the package criu");
    utsname names{};
    ::uname(&names);
    if (const auto old = version_obstacle(*version, parse_version(names.release).value_or(Version{})))
        return fail(Errc::checkpoint, "{}", *old);
    const auto checked = sys::run(sys::Command({"criu", "check"}));
    if (checked && checked->status == 0)
        return {};
    const auto reason = checked ? first_error(checked->err + checked->out) : std::string();
    return fail(Errc::checkpoint, "this kernel cannot checkpoint{}{} (criu check tells more)",
                reason.empty() ? "" : ": ", text::printable(reason));
}

std::vector<std::string> dump_command(const DumpRequest& request) {
    std::vector<std::string> argv = {
        "criu",       "dump",     "--tree", std::to_string(request.init), "--images-dir", request.images,
        "--log-file", k_dump_log, "-v1"};
    for (const char* word :
         {"--tcp-established", "--file-locks", "--link-remap", "--manage-cgroups=full",
          "--enable-external-sharing", "--enable-external-masters", "--enable-fs", "hugetlbfs", "--enable-fs",
          "tracefs", "--skip-in-flight", "--force-irmap", "--ext-mount-map", "auto", "--ghost-limit", "256M",
          "--network-lock", "nftables"})
        argv.emplace_back(word);
    argv.insert(argv.end(), {"--freeze-cgroup", request.group, "--action-script", request.hook});
    for (const auto& file : request.from_host)
        argv.insert(argv.end(), {"--ext-mount-map", "/" + file + ":" + file});
    for (const auto& device : request.devices)
        argv.insert(argv.end(), {"--external", "veth[" + device + "]"});
    if (request.leave_running)
        argv.emplace_back("--leave-running");
    return argv;
}

std::string first_error(std::string_view log) {
    for (const auto& line : text::split(log, '\n')) {
        const auto error = line.find("Error (");
        // It looks for iptables, too, and does without.
        if (error != line.npos && line.find("tables-") == line.npos)
            return without_position(std::string_view(line).substr(error));
    }
    return {};
}

bool is_transient(std::string_view error) {
    return error.find("The socket has data to read") != error.npos ||
           error.find("Can't freeze") != error.npos || error.find("no such process") != error.npos ||
           error.find("No such process") != error.npos;
}

} // namespace vz::checkpoint
