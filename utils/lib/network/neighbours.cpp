// SPDX-License-Identifier: GPL-2.0-or-later
// Asking and telling the machines in the uplinks' subnets, by packet sockets (packet(7)).
#include "programs.hpp"
#include "vz/network/packets.hpp"
#include "vz/network/routed.hpp"
#include "vz/sys/fd.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <map>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

namespace vz::network {

namespace {

using Clock = std::chrono::steady_clock;
constexpr int k_probes = 2;
constexpr std::chrono::milliseconds k_wait{300}; // after each probe

std::uint16_t protocol_of(Family family) {
    return family == Family::ipv4 ? ETHERTYPE_ARP : ETHERTYPE_IPV6;
}

// Of a busy uplink's IPv6 only neighbour solicitations and advertisements reach us.
Result<void> filter_neighbour_discovery(const sys::Fd& fd) {
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),          // next header
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 58, 0, 4),  // ICMPv6
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 40),         // its type
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 135, 1, 0), // solicitation
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 136, 0, 1), // advertisement
        BPF_STMT(BPF_RET | BPF_K, 256),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    const sock_fprog filter{std::size(program), program};
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0)
        return sys_fail(errno, Errc::system, "attach a socket filter");
    return {};
}

// Listens and speaks on one device, for one family, without the Ethernet header.
class Wire {
public:
    static Result<Wire> open(const Device& device, Family family) {
        Wire wire;
        wire.m_address.sll_family = AF_PACKET;
        wire.m_address.sll_protocol = htons(protocol_of(family));
        wire.m_address.sll_ifindex = static_cast<int>(::if_nametoindex(device.name.c_str()));
        wire.m_address.sll_halen = ETH_ALEN;
        // Protocol 0: nothing is received before the filter is there and the device is chosen by bind().
        wire.m_fd = sys::Fd(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!wire.m_fd)
            return sys_fail(errno, Errc::system, "packet socket");
        if (family == Family::ipv6)
            VZ_TRY(filter_neighbour_discovery(wire.m_fd));
        if (::bind(wire.m_fd.get(), reinterpret_cast<const sockaddr*>(&wire.m_address),
                   sizeof wire.m_address) != 0)
            return sys_fail(errno, Errc::system, "bind a packet socket to {}", device.name);
        return wire;
    }

    int fd() const { return m_fd.get(); }

    Result<void> send(const Packet& packet, const std::string& device) {
        sockaddr_ll to = m_address;
        std::copy(packet.to.begin(), packet.to.end(), to.sll_addr);
        if (::sendto(m_fd.get(), packet.bytes.data(), packet.bytes.size(), 0,
                     reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0)
            return sys_fail(errno, Errc::system, "send to {}", device);
        return {};
    }

    struct Received {
        std::string bytes;
        Mac sender{};
    };
    // The next packet of another machine that is there already.
    std::optional<Received> receive() {
        for (;;) {
            char buffer[256]; // what we look at is at the front; the rest may be cut off
            sockaddr_ll from{};
            socklen_t size = sizeof from;
            const auto n =
                ::recvfrom(m_fd.get(), buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &size);
            if (n < 0)
                return std::nullopt;
            if (from.sll_pkttype == PACKET_OUTGOING)
                continue;
            Received received{{buffer, static_cast<std::size_t>(n)}, {}};
            std::copy_n(from.sll_addr, received.sender.size(), received.sender.begin());
            return received;
        }
    }

private:
    Wire() = default;

    sys::Fd m_fd;
    sockaddr_ll m_address{};
};

Mac parse_mac(const std::string& text) { // checked when the state was read
    Mac mac{};
    for (std::size_t i = 0; i < mac.size(); ++i)
        mac[i] = static_cast<std::uint8_t>(std::stoul(text.substr(i * 3, 2), nullptr, 16));
    return mac;
}

// A device and family with the addresses to ask or tell about there.
struct Place {
    const Device* device;
    Mac own;
    std::vector<Address> addresses;
    Wire wire;
};

Result<std::vector<Place>> places_for(const HostState& host, const std::vector<Address>& addresses,
                                      const NeighbourDevices& where) {
    std::map<std::pair<const Device*, Family>, std::vector<Address>> wanted;
    for (const Address& address : addresses)
        for (const Device* device : neighbour_devices(host, address.ip(), where))
            wanted[{device, address.family()}].push_back(address);
    std::vector<Place> places;
    for (auto& [key, list] : wanted) {
        VZ_ASSIGN(auto wire, Wire::open(*key.first, key.second));
        places.push_back({key.first, parse_mac(key.first->mac), std::move(list), std::move(wire)});
    }
    return places;
}

bool is_own(const HostState& host, const Mac& mac) {
    return std::any_of(host.devices.begin(), host.devices.end(),
                       [&](const Device& device) { return device.mac == mac_text(mac); });
}

void collect(const HostState& host, Place& place, std::vector<Conflict>& conflicts) {
    while (const auto packet = place.wire.receive())
        for (auto it = place.addresses.begin(); it != place.addresses.end();) {
            const auto mac = claimant(packet->bytes, it->ip(), packet->sender);
            if (mac && !is_own(host, *mac)) {
                conflicts.push_back({*it, format("{} on {}", mac_text(*mac), place.device->name)});
                it = place.addresses.erase(it);
            } else {
                ++it;
            }
        }
}

void listen(const HostState& host, std::vector<Place>& places, std::vector<Conflict>& conflicts) {
    const auto deadline = Clock::now() + k_wait;
    for (;;) {
        std::vector<pollfd> fds;
        for (const auto& place : places)
            if (!place.addresses.empty())
                fds.push_back({place.wire.fd(), POLLIN, 0});
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (fds.empty() || left <= 0)
            return;
        ::poll(fds.data(), fds.size(), static_cast<int>(left));
        for (auto& place : places)
            collect(host, place, conflicts);
    }
}

// Only where a machine that has the address would answer us: in a subnet of ours that holds it.
Result<void> probe(const HostState& host, const std::vector<Address>& addresses,
                   std::vector<Conflict>& conflicts) {
    VZ_ASSIGN(auto places, places_for(host, addresses, {}));
    for (int round = 0; round < k_probes; ++round) {
        for (auto& place : places)
            for (const Address& address : place.addresses)
                VZ_TRY(place.wire.send(probe_packet(address.ip(), place.own), place.device->name));
        listen(host, places, conflicts);
    }
    return {};
}

std::optional<std::string> owner_here(const HostState& host, const Ip& ip) {
    for (const Device& device : host.devices)
        for (const Subnet& subnet : device.subnets) {
            if (subnet.address == ip)
                return format("{} of this host", device.name);
            if (subnet.broadcast == ip)
                return format("{} of this host (broadcast address)", device.name);
        }
    return std::nullopt;
}

} // namespace

Result<std::vector<Conflict>> Routed::find_conflicts(const std::vector<Address>& addresses,
                                                     std::uint32_t ctid, Probe how) const {
    VZ_ASSIGN(const HostState host, read_host(ips_of(addresses), std::nullopt));
    std::vector<Conflict> conflicts;
    std::vector<Address> free_here;
    for (const Address& address : addresses) {
        auto owner = owner_here(host, address.ip());
        if (!owner)
            owner = other_container(host.routes, address.ip(), ctid);
        if (owner)
            conflicts.push_back({address, *std::move(owner)});
        else
            free_here.push_back(address);
    }
    if (how == Probe::neighbours)
        VZ_TRY(probe(host, free_here, conflicts));
    return conflicts;
}

Result<void> Routed::announce(const std::vector<Address>& addresses) const {
    VZ_ASSIGN(const HostState host, read_host({}, std::nullopt));
    VZ_ASSIGN(auto places, places_for(host, addresses, m_policy.neighbours));
    for (auto& place : places)
        for (const Address& address : place.addresses)
            VZ_TRY(place.wire.send(announcement_packet(address.ip(), place.own), place.device->name));
    return {};
}

} // namespace vz::network
