// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/network/routed.hpp"

#include "programs.hpp"
#include "state_file.hpp"
#include "sysctl.hpp"
#include "vz/base/text.hpp"
#include "vz/network/plan.hpp"

#include <algorithm>
#include <net/if.h>

namespace vz::network {

namespace {

bool device_exists(const std::string& name) {
    return ::if_nametoindex(name.c_str()) != 0;
}

// The addresses that can be had here; says which cannot.
std::vector<Address> usable_addresses(const std::vector<Address>& all, const Policy& policy,
                                      Reporter& reporter) {
    const bool ipv6 = policy.ipv6 && host_has_ipv6();
    std::vector<Address> out;
    for (const Address& address : all) {
        if (std::find(out.begin(), out.end(), address) != out.end())
            continue;
        if (address.family() == Family::ipv4 || ipv6)
            out.push_back(address);
        else
            reporter.warning(format("{}: skipped, IPv6 is switched off {}", address.text(),
                                    policy.ipv6 ? "in this kernel" : "(IPV6=no)"));
    }
    return out;
}

Ipv6 needs_ipv6(const std::vector<Address>& addresses) {
    const bool any = std::any_of(addresses.begin(), addresses.end(),
                                 [](const Address& address) { return address.family() == Family::ipv6; });
    return any ? Ipv6::yes : Ipv6::no;
}

Result<void> apply_rules(const Policy& policy, const GuestRules& rules, int lock_fd, Reporter& reporter) {
    auto applied = run_nft(nft_set_guest(rules), lock_fd);
    if (applied || policy.firewall == Policy::Firewall::required)
        return applied;
    reporter.warning(format("{}; sources of the container are not checked, and nothing is masqueraded",
                            applied.error().what));
    return {};
}

Result<void> apply_sysctls(const Policy& policy, const std::string& device, Ipv6 ipv6, const HostPlan& plan) {
    if (policy.set_sysctls)
        VZ_TRY(enable_forwarding(ipv6));
    VZ_TRY(set_up_device(device, ipv6));
    return policy.set_sysctls ? enable_proxy_ndp(plan.ndp_devices) : Result<void>();
}

Result<void> remove_from_kernel(std::uint32_t ctid, const Record& record, int lock_fd) {
    const std::string device = device_name(ctid);
    VZ_ASSIGN(const HostState host,
              read_host({}, device_exists(device) ? std::optional(device) : std::nullopt));
    return run_ip_batch(plan_removal(host, ctid, record).batch, {lock_fd, -1, OnFailure::go_on});
}

// Where nft cannot even show our table, because it or the kernel's part is missing, there is nothing to
// remove.
Result<void> remove_rules(std::uint32_t ctid, int lock_fd) {
    auto removed = run_nft(nft_remove_guest(ctid), lock_fd);
    return removed || run_nft("list table inet vz\n", lock_fd) ? removed : Result<void>();
}

// Before anything is changed; two commands at the same moment are told apart by the kernel's "File exists".
Result<void> check_unused(const HostState& host, const std::vector<Address>& addresses, std::uint32_t ctid) {
    for (const Address& address : addresses)
        if (const auto owner = other_container(host.routes, address.ip(), ctid))
            return fail(Errc::ip_in_use, "{}: in use by {}", address.ip().text(), *owner);
    return {};
}

// What the configuration names and the host does not have is no reason to keep a container off the network.
void warn_of_missing(const HostState& host, const GuestState& guest, const std::vector<Address>& addresses,
                     const Policy& policy, Reporter& reporter) {
    if (policy.route_src_device && !host.find(*policy.route_src_device))
        reporter.warning(format("VE_ROUTE_SRC_DEV: {}: no such network device",
                                text::printable(*policy.route_src_device)));
    for (const auto& name : policy.neighbours.names)
        if (!host.find(name))
            reporter.warning(format("NEIGHBOUR_DEVS: {}: no such network device", name));
    if (guest.ipv6_off && needs_ipv6(addresses) == Ipv6::yes)
        reporter.warning("the container has switched IPv6 off for itself");
}

} // namespace

std::string device_name(std::uint32_t ctid) {
    return format("venet{}", ctid);
}

Result<void> Routed::bring_up(const Link& link) const {
    const std::string device = device_name(link.ctid);
    if (!device_exists(device))
        return fail(Errc::net_device, "{}: no such network device", device);
    const auto addresses = usable_addresses(link.addresses, m_policy, m_reporter);
    VZ_ASSIGN(const auto file, StateFile::open(m_policy.state_dir, link.ctid));
    VZ_ASSIGN(const auto remembered, file.read());
    const Record before = Record::parse(remembered);
    VZ_ASSIGN(const HostState host, read_host(ips_of(addresses), device));
    VZ_ASSIGN(const GuestState guest, read_guest(link.guest_net_ns));
    VZ_TRY(check_unused(host, addresses, link.ctid));
    warn_of_missing(host, guest, addresses, m_policy, m_reporter);

    const Wanted wanted{link.ctid, ips_of(addresses), guest.link.mac, uplink_mtu(host)};
    const HostPlan plan = plan_host(host, wanted, m_policy, before);
    VZ_TRY(file.write(plan.touched.text()));
    VZ_TRY(apply_sysctls(m_policy, device, needs_ipv6(addresses), plan));
    // Rules after routes: until then the container cannot send from an address that the route may not get.
    VZ_TRY(run_ip_batch(plan.batch, {file.lock_fd()}));
    VZ_TRY(apply_rules(m_policy, plan_rules(host, addresses, link.ctid, m_policy.masquerade), file.lock_fd(),
                       m_reporter));
    VZ_TRY(run_ip_batch(plan_guest(guest, wanted), {file.lock_fd(), link.guest_net_ns})
               .context("in the container"));
    return plan.record.proxies == plan.touched.proxies ? Result<void>() : file.write(plan.record.text());
}

Result<void> Routed::take_down(std::uint32_t ctid) const {
    const std::string device = device_name(ctid);
    if (!device_exists(device) && !StateFile::any_trace(m_policy.state_dir, ctid))
        return {};
    VZ_ASSIGN(const auto file, StateFile::open(m_policy.state_dir, ctid));
    VZ_ASSIGN(const auto remembered, file.read());
    const Record before = Record::parse(remembered);
    auto routes = remove_from_kernel(ctid, before, file.lock_fd());
    if (!routes) // a dying namespace takes its devices away when it likes: look again, once
        routes = remove_from_kernel(ctid, before, file.lock_fd());
    auto rules = remove_rules(ctid, file.lock_fd());
    VZ_TRY(std::move(routes));
    VZ_TRY(std::move(rules));
    return file.remove();
}

} // namespace vz::network
