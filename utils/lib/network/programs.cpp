// SPDX-License-Identifier: GPL-2.0-or-later
#include "programs.hpp"

#include "vz/base/text.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/process.hpp"

#include <cerrno>
#include <sched.h>
#include <unistd.h>

namespace vz::network {

namespace {

constexpr std::chrono::seconds k_timeout{30};
// A container may give itself any number of addresses and routes.
constexpr std::size_t k_guest_limit = 4 << 20;

Result<sys::Exited> run(std::vector<std::string> argv, const std::string& input, const Change& change,
                        std::size_t limit) {
    sys::Command command(std::move(argv));
    command.input = input;
    command.net_ns = change.net_ns;
    if (change.lock_fd >= 0)
        command.keep_fds = {change.lock_fd};
    command.timeout = k_timeout;
    command.output_limit = limit;
    return sys::run(command);
}

Result<std::string> query(const std::string& batch, int net_ns, std::size_t limit) {
    VZ_ASSIGN(auto exited, run({"ip", "-j", "-batch", "-"}, batch, {-1, net_ns}, limit));
    if (exited.status != 0)
        return fail(Errc::net_device, "ip: {}", text::printable(text::trim(exited.err)));
    return std::move(exited.out);
}

// /proc/sys/net shows the namespace of whoever looks.
Result<bool> is_ipv6_off(int net_ns) {
    VZ_ASSIGN(const auto value, sys::run_in_child([net_ns]() -> Result<std::string> {
                  if (::setns(net_ns, CLONE_NEWNET) != 0)
                      return sys_fail(errno, Errc::net_device, "enter the container's network namespace");
                  return sys::read_kernel_file(
                             format("/proc/sys/net/ipv6/conf/{}/disable_ipv6", k_guest_device))
                      .value_or("1");
              }));
    return text::trim(value) != "0";
}

// ip says "Error: …" or "RTNETLINK answers: …" and then "Command failed -:N"; the line tells more than the
// number.
Error batch_error(const std::string& batch, const std::string& err) {
    const auto lines = text::split(text::trim(err), '\n');
    std::string_view what = text::trim(lines.front());
    constexpr std::string_view k_failed = "Command failed -:";
    std::string command;
    for (const auto& line : lines)
        if (line.substr(0, k_failed.size()) == k_failed)
            if (const auto number = text::to_uint(line.substr(k_failed.size()));
                number && *number > 0 && command.empty()) {
                const auto commands = text::split(batch, '\n');
                command = *number <= commands.size() ? commands[*number - 1] : "";
            }
    const bool exists = what.find("File exists") != std::string_view::npos;
    return fail(exists ? Errc::ip_in_use : Errc::add_ip, "ip {}: {}", command, text::printable(what));
}

} // namespace

Result<HostState> read_host(const std::vector<Ip>& addresses, const std::optional<std::string>& device) {
    VZ_ASSIGN(const auto output, query(host_query(addresses, device), -1, 64 << 20));
    return parse_host(output, device);
}

Result<GuestState> read_guest(int net_ns) {
    VZ_ASSIGN(const auto output, query(guest_query(), net_ns, k_guest_limit));
    VZ_ASSIGN(GuestState state, parse_guest(output));
    VZ_ASSIGN(state.ipv6_off, is_ipv6_off(net_ns));
    return state;
}

std::string ns_path(int net_ns) {
    return net_ns < 0 ? format("/proc/{}/ns/net", ::getpid()) : format("/proc/{}/fd/{}", ::getpid(), net_ns);
}

Result<void> run_ip_batch(const std::string& batch, const Change& change) {
    if (batch.empty())
        return {};
    std::vector<std::string> argv{"ip"};
    if (change.on_failure == OnFailure::go_on)
        argv.emplace_back("-force");
    argv.insert(argv.end(), {"-batch", "-"});
    VZ_ASSIGN(const auto exited, run(std::move(argv), batch, change, 1 << 20));
    if (exited.status != 0)
        return batch_error(batch, exited.err);
    return {};
}

namespace {

Result<void> call_nft(std::vector<std::string> argv, const std::string& transaction, int lock_fd) {
    const auto exited = run(std::move(argv), transaction, {lock_fd}, 1 << 20);
    if (!exited && exited.error().sys_errno == ENOENT)
        return fail(Errc::kernel_unsuitable, "nft is missing: install nftables");
    if (!exited)
        return exited.error();
    if (exited->status == 0)
        return {};
    const auto lines = text::split(text::trim(exited->err), '\n');
    return fail(Errc::kernel_unsuitable, "nft failed ({}): {}", exited->status,
                text::printable(lines.front()));
}

} // namespace

Result<void> run_nft(const std::string& transaction, int lock_fd) {
    return call_nft({"nft", "-f", "-"}, transaction, lock_fd);
}

Result<void> check_nft(const std::string& transaction) {
    return call_nft({"nft", "-c", "-f", "-"}, transaction, -1);
}

Result<Links> read_links(int net_ns) {
    const auto limit = net_ns < 0 ? std::size_t{64} << 20 : k_guest_limit;
    VZ_ASSIGN(const auto exited, run({"ip", "-j", "-d", "-batch", "-"}, links_query(), {-1, net_ns}, limit));
    if (exited.status != 0)
        return fail(Errc::net_device, "ip: {}", text::printable(text::trim(exited.err)));
    return parse_links(exited.out);
}

Result<std::vector<std::uint16_t>> read_port_vlans(const std::string& port) {
    VZ_ASSIGN(const auto exited, run({"bridge", "-j", "vlan", "show", "dev", port}, "", {}, 1 << 20));
    if (exited.status != 0)
        return fail(Errc::veth, "bridge: {}", text::printable(text::trim(exited.err)));
    return parse_port_vlans(exited.out);
}

Result<void> run_bridge_batch(const std::string& batch, const Change& change) {
    if (batch.empty())
        return {};
    VZ_ASSIGN(const auto exited, run({"bridge", "-batch", "-"}, batch, change, 1 << 20));
    if (exited.status != 0)
        return batch_error(batch, exited.err).as(Errc::veth);
    return {};
}

} // namespace vz::network
