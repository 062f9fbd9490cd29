// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/network/bridged.hpp"

#include "lent_devices.hpp"
#include "made_ports.hpp"
#include "programs.hpp"
#include "state_file.hpp"

#include <algorithm>

namespace vz::network {

namespace {

constexpr std::string_view k_kind = ".ports";

Made wanted_of(const Attachment& attachment) {
    Made made;
    made.rules = !attachment.firewall.is_open();
    for (const auto& netif : attachment.netifs)
        made.ports.insert(netif.host_ifname);
    made.devices.insert(attachment.devices.begin(), attachment.devices.end());
    return made;
}

// Everything one call works with.
struct Work {
    const Attachment& attachment;
    const StateFile& file;
    Made before;
    Links host;
    Links guest;

    Change on_host() const { return {file.lock_fd()}; }
    Change inside() const { return {file.lock_fd(), attachment.guest_net_ns}; }
};

// A device that is not in the record is the administrator's. Asked before the record is written: what is in
// it is ours to remove.
Result<void> check_free(const Links& host, const Attachment& attachment, const Made& before) {
    for (const auto& netif : attachment.netifs)
        if (host.find(netif.host_ifname) && before.ports.count(netif.host_ifname) == 0)
            return fail(Errc::veth, "{}: the host has a device of this name already", netif.host_ifname);
    for (const auto& device : attachment.devices)
        if (const LinkInfo* link = host.find(device);
            link && (link->kind == "bridge" || before.ports.count(device) != 0))
            return fail(Errc::net_device, "{} cannot be given to a container", device);
    return {};
}

// Ports that are not wanted any more, and those whose other end is not (or no longer) the container's. They
// may vanish meanwhile, when an earlier namespace of the container dies.
Result<void> remove_ports(Work& work) {
    std::string batch;
    for (const auto& port : missing_from(wanted_of(work.attachment).ports, work.before.ports))
        if (work.host.find(port))
            batch += format("link del dev {}\n", port);
    for (const auto& netif : work.attachment.netifs) {
        if (!work.host.find(netif.host_ifname) || is_connected(work.host, work.guest, netif))
            continue;
        batch += format("link del dev {}\n", netif.host_ifname);
    }
    if (batch.empty())
        return {};
    (void)run_ip_batch(batch, {work.file.lock_fd(), -1, OnFailure::go_on});
    VZ_ASSIGN(work.host, read_links(-1));
    VZ_ASSIGN(work.guest, read_links(work.attachment.guest_net_ns));
    return {};
}

std::string make_lines(const Work& work, const Netif& netif, const Socket& socket) {
    return format("link add name {} mtu {} address {} type veth peer name {} mtu {} address {} netns {}\n",
                  netif.host_ifname, socket.mtu, netif.host_mac, netif.ifname, socket.mtu, netif.mac,
                  ns_path(work.attachment.guest_net_ns));
}

// Down while it changes: it must not speak in a network that is not its own.
std::string plug_lines(const LinkInfo* present, const Netif& netif, const Socket& socket) {
    const std::string master = present ? present->master : "";
    std::string out;
    if (present && present->mac != netif.host_mac)
        out += format("link set dev {} address {}\n", netif.host_ifname, netif.host_mac);
    if (master != socket.bridge)
        out += format("link set dev {} down\n", netif.host_ifname);
    if (!master.empty() && master != socket.bridge)
        out += format("link set dev {} nomaster\n", netif.host_ifname);
    if (!socket.bridge.empty() && master != socket.bridge)
        out += format("link set dev {0} addrgenmode none\nlink set dev {0} master {1}\n", netif.host_ifname,
                      socket.bridge);
    return out;
}

Result<void> set_vlan(const Work& work, const Netif& netif, const Socket& socket) {
    if (socket.bridge.empty() || (!socket.vlan && socket.default_vlan == 0))
        return {};
    VZ_ASSIGN(const auto present, read_port_vlans(netif.host_ifname));
    if (socket.vlan && present != std::vector{*socket.vlan})
        return run_bridge_batch(plan_port_vlan(netif.host_ifname, present, *socket.vlan), work.on_host());
    // Several were given by hand; a single one that is not the bridge's own was ours.
    const auto own = static_cast<std::uint16_t>(socket.default_vlan);
    if (!socket.vlan && present.size() == 1 && present[0] != own)
        return run_bridge_batch(plan_port_vlan(netif.host_ifname, present, own), work.on_host());
    return {};
}

Result<void> plug_in(const Work& work, const Netif& netif) {
    VZ_ASSIGN(const auto socket, find_socket(work.host, netif).context(netif.ifname));
    const LinkInfo* present = work.host.find(netif.host_ifname);
    std::string batch = present ? "" : make_lines(work, netif, socket);
    batch += plug_lines(present, netif, socket);
    VZ_TRY(run_ip_batch(batch, work.on_host()).as(Errc::veth));
    VZ_TRY(set_vlan(work, netif, socket));
    return run_ip_batch(format("link set dev {} up\n", netif.host_ifname), work.on_host()).as(Errc::veth);
}

Result<void> set_up_inside(const Work& work) {
    std::string batch;
    for (std::size_t i = 0; i < work.attachment.netifs.size(); ++i) {
        const Netif& netif = work.attachment.netifs[i];
        const auto before = std::find_if(work.attachment.before.begin(), work.attachment.before.end(),
                                         [&](const Netif& other) { return other.ifname == netif.ifname; });
        batch +=
            plan_netif_inside(work.guest, netif, before == work.attachment.before.end() ? nullptr : &*before,
                              static_cast<unsigned>(i));
    }
    return run_ip_batch(batch, work.inside()).context("in the container").as(Errc::veth);
}

Result<void> run_rules(const Attachment& attachment, const Made& before, int lock_fd) {
    const auto wanted = wanted_of(attachment);
    if (!wanted.rules && wanted.ports.empty() && !before.rules && before.ports.empty())
        return {};
    return run_nft(nft_attachment(attachment, missing_from(wanted.ports, before.ports)), lock_fd);
}

Result<void> bring_up_locked(const Attachment& attachment, const StateFile& file, const Made& before,
                             Reporter& reporter) {
    const Made wanted = wanted_of(attachment);
    const Made touched = both(before, wanted);
    // Before anything changes: a wrong bridge must not cost a running container what works.
    VZ_ASSIGN(auto host, read_links(-1));
    VZ_ASSIGN(auto guest, read_links(attachment.guest_net_ns));
    for (const auto& netif : attachment.netifs)
        VZ_TRY(find_socket(host, netif).context(netif.ifname));
    VZ_TRY(check_free(host, attachment, before));
    Work work{attachment, file, before, std::move(host), std::move(guest)};
    VZ_TRY(file.write(touched.text()));
    VZ_TRY(run_rules(attachment, before, file.lock_fd()));
    VZ_TRY(remove_ports(work));
    for (const auto& netif : attachment.netifs)
        VZ_TRY(plug_in(work, netif));
    VZ_TRY(take_devices_back(before, missing_from(wanted.devices, before.devices), work.inside(), reporter));
    VZ_TRY(give_devices(attachment.devices, work.host, work.guest, attachment.guest_net_ns, work.on_host()));
    VZ_ASSIGN(work.guest, read_links(attachment.guest_net_ns));
    VZ_TRY(set_up_inside(work));
    if (wanted.empty())
        return file.remove();
    return touched == wanted ? Result<void>() : file.write(wanted.text());
}

} // namespace

std::string nft_attachment(const Attachment& attachment, const std::vector<std::string>& gone) {
    std::vector<std::string> ports;
    for (const auto& netif : attachment.netifs)
        ports.push_back(netif.host_ifname);
    return nft_ports(attachment.netifs, gone) +
           nft_firewall(attachment.ctid, attachment.firewall, ports, gone);
}

Result<void> Bridged::bring_up(const Attachment& attachment) const {
    if (wanted_of(attachment).empty() && !StateFile::any_trace(m_state_dir, attachment.ctid, k_kind))
        return {};
    VZ_ASSIGN(const auto file, StateFile::open(m_state_dir, attachment.ctid, k_kind));
    VZ_ASSIGN(const auto remembered, file.read());
    return bring_up_locked(attachment, file, Made::parse(remembered), m_reporter);
}

Result<void> Bridged::apply_rules(const Attachment& all) const {
    Attachment attachment = all;
    if (wanted_of(attachment).empty() && !StateFile::any_trace(m_state_dir, attachment.ctid, k_kind))
        return {};
    VZ_ASSIGN(const auto file, StateFile::open(m_state_dir, attachment.ctid, k_kind));
    VZ_ASSIGN(const auto remembered, file.read());
    auto made = Made::parse(remembered);
    const bool had_rules = made.rules;
    // An interface that was configured by hand is there after the next start.
    std::erase_if(attachment.netifs,
                  [&](const Netif& netif) { return made.ports.count(netif.host_ifname) == 0; });
    made.rules = !attachment.firewall.is_open();
    if (made.rules && !had_rules)
        VZ_TRY(file.write(made.text()));
    Made before = made;
    before.rules = had_rules;
    VZ_TRY(run_rules(attachment, before, file.lock_fd()));
    if (made.empty())
        return file.remove();
    return made.rules == had_rules ? Result<void>() : file.write(made.text());
}

Result<void> Bridged::check_rules(const Attachment& attachment) const {
    return check_nft(nft_attachment(attachment));
}

Result<void> Bridged::return_devices(std::uint32_t ctid, int guest_net_ns) const {
    if (!StateFile::any_trace(m_state_dir, ctid, k_kind))
        return {};
    VZ_ASSIGN(const auto file, StateFile::open(m_state_dir, ctid, k_kind));
    VZ_ASSIGN(const auto remembered, file.read());
    const Made made = Made::parse(remembered);
    return take_devices_back(made, {made.devices.begin(), made.devices.end()}, {file.lock_fd(), guest_net_ns},
                             m_reporter);
}

Result<void> Bridged::take_down(std::uint32_t ctid) const {
    if (!StateFile::any_trace(m_state_dir, ctid, k_kind))
        return {};
    VZ_ASSIGN(const auto file, StateFile::open(m_state_dir, ctid, k_kind));
    VZ_ASSIGN(const auto remembered, file.read());
    const Made made = Made::parse(remembered);
    VZ_ASSIGN(const auto host, read_links(-1));
    std::string batch;
    for (const auto& port : made.ports)
        if (host.find(port))
            batch += format("link del dev {}\n", port);
    // A dying namespace takes its devices away when it likes.
    (void)run_ip_batch(batch, {file.lock_fd(), -1, OnFailure::go_on});
    Attachment nothing;
    nothing.ctid = ctid;
    auto rules = run_rules(nothing, made, file.lock_fd());
    if (!rules && run_nft("list tables\n", file.lock_fd()))
        return rules;
    return file.remove();
}

} // namespace vz::network
