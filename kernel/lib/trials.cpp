// SPDX-License-Identifier: GPL-2.0-or-later
#include "trials.hpp"

#include "vz/sys/file.hpp"
#include "vz/sys/mount.hpp"
#include "vz/sys/process.hpp"
#include "vz/sys/userns.hpp"

#include <cerrno>
#include <cstring>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

namespace vz::kernel {

namespace {

Presence in_own_network(const std::function<Result<std::string>()>& trial) {
    if (::geteuid() != 0)
        return Presence::unknown;
    const auto result = sys::run_in_child([&]() -> Result<std::string> {
        if (::unshare(CLONE_NEWNET) < 0)
            return sys_fail(errno, Errc::system, "make a network namespace");
        return trial();
    });
    return result ? Presence::there : Presence::absent;
}

struct GenerationRequest {
    nlmsghdr head{};
    nfgenmsg family{};
};

Result<std::string> ask_generation() {
    const sys::Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
    if (!socket)
        return sys_fail(errno, Errc::kernel_unsuitable, "open a netfilter socket");
    GenerationRequest request;
    request.head.nlmsg_len = sizeof request;
    request.head.nlmsg_type = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETGEN;
    request.head.nlmsg_flags = NLM_F_REQUEST;
    if (::send(socket.get(), &request, sizeof request, 0) < 0)
        return sys_fail(errno, Errc::kernel_unsuitable, "ask nf_tables");
    alignas(nlmsghdr) char answer[4096];
    if (::recv(socket.get(), answer, sizeof answer, 0) < static_cast<ssize_t>(sizeof(nlmsghdr)))
        return sys_fail(errno, Errc::kernel_unsuitable, "hear from nf_tables");
    nlmsghdr head;
    std::memcpy(&head, answer, sizeof head);
    if (head.nlmsg_type == NLMSG_ERROR)
        return fail(Errc::kernel_unsuitable, "nf_tables does not answer");
    return std::string();
}

} // namespace

Presence try_veth() {
    return in_own_network([] {
        return sys::run_checked(
            sys::Command({"ip", "link", "add", "vztrial0", "type", "veth", "peer", "name", "vztrial1"}));
    });
}

Presence try_nftables() {
    return in_own_network(ask_generation);
}

Presence try_mapped_mounts() {
    if (::geteuid() != 0)
        return Presence::unknown;
    const auto userns = sys::make_userns({.uid_base = 100000, .gid_base = 100000});
    if (!userns)
        return Presence::absent;
    const char* place = sys::exists("/var/lib/vz/private") ? "/var/lib/vz/private" : "/var/lib";
    return sys::clone_mount_mapped(place, *userns) ? Presence::there : Presence::absent;
}

} // namespace vz::kernel
