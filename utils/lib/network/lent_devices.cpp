// SPDX-License-Identifier: GPL-2.0-or-later
#include "lent_devices.hpp"

#include "names.hpp"

namespace vz::network {

namespace {

// By its name, or if root inside renamed it: "if7", as ip(8) calls it.
std::string name_for_ip(const LinkInfo& link) {
    return is_plain_name(link.name) ? link.name : format("if{}", link.index);
}

// A device that was renamed inside is told by being the only other one that is no veth and no loopback.
const LinkInfo* find_given(const Links& guest, const std::string& device, const std::set<std::string>& all) {
    if (const LinkInfo* link = guest.find(device))
        return link;
    const LinkInfo* found = nullptr;
    for (const auto& link : guest.devices) {
        if (link.kind == "veth" || link.name == "lo" || all.count(link.name) != 0 || link.mac.empty())
            continue;
        if (found)
            return nullptr;
        found = &link;
    }
    return found;
}

} // namespace

Result<void> give_devices(const std::vector<std::string>& devices, const Links& host, const Links& guest,
                          int guest_net_ns, const Change& on_host) {
    std::string batch;
    for (const auto& device : devices) {
        if (host.find(device)) {
            batch += format("link set dev {} netns {}\n", device, ns_path(guest_net_ns));
        } else if (!guest.find(device)) {
            return fail(Errc::net_device, "{}: no such network device", device);
        }
    }
    return run_ip_batch(batch, on_host).as(Errc::net_device);
}

Result<void> take_devices_back(const Made& made, const std::vector<std::string>& devices,
                               const Change& inside, Reporter& reporter) {
    if (devices.empty())
        return {};
    VZ_ASSIGN(const auto guest, read_links(inside.net_ns));
    std::string batch;
    for (const auto& device : devices) {
        const LinkInfo* link = find_given(guest, device, made.devices);
        if (!link) {
            reporter.warning(format("{}: not found in the container any more", device));
            continue;
        }
        const auto name = name_for_ip(*link);
        batch +=
            format("link set dev {0} down\nlink set dev {0} netns {1} name {2}\n", name, ns_path(-1), device);
    }
    return run_ip_batch(batch, {inside.lock_fd, inside.net_ns, OnFailure::go_on}).as(Errc::net_device);
}

} // namespace vz::network
