// SPDX-License-Identifier: GPL-2.0-or-later
// Lets a test script call the network module: net_driver [OPTION=VALUE…] up CTID NETNS-FILE [ADDRESS…] | down
// CTID | conflicts CTID [ADDRESS…] | announce ADDRESS…. Options: state= neighbours= masquerade=none
// probe=none src= ipv6=no firewall=optional.
#include "vz/base/text.hpp"
#include "vz/network/routed.hpp"
#include "vz/sys/fd.hpp"

#include <cstdio>
#include <fcntl.h>
#include <map>

using namespace vz;
using namespace vz::network;

namespace {

class Talk : public Reporter {
    void warning(std::string_view text) override {
        std::fprintf(stderr, "warning: %s\n", std::string(text).c_str());
    }
};

using Words = std::vector<std::string>;

Result<Policy> policy_from(std::map<std::string, std::string> options) {
    Policy policy;
    policy.state_dir = options["state"];
    VZ_ASSIGN(policy.neighbours, NeighbourDevices::parse(options["neighbours"]));
    if (options["masquerade"] == "none")
        policy.masquerade = Policy::Masquerade::none;
    if (options["firewall"] == "optional")
        policy.firewall = Policy::Firewall::if_possible;
    if (!options["src"].empty())
        policy.route_src_device = options["src"];
    policy.ipv6 = options["ipv6"] != "no";
    return policy;
}

Result<std::vector<Address>> addresses_from(const Words& words, std::size_t first) {
    std::vector<Address> out;
    for (std::size_t i = first; i < words.size(); ++i) {
        VZ_ASSIGN(auto address, Address::parse(words[i]));
        out.push_back(std::move(address));
    }
    return out;
}

Result<std::uint32_t> ctid_from(const Words& words) {
    const auto number = words.size() > 1 ? text::to_uint(words[1]) : std::nullopt;
    if (!number)
        return fail(Errc::usage, "no CTID");
    return static_cast<std::uint32_t>(*number);
}

Result<void> up(const Routed& routed, const Words& words) {
    VZ_ASSIGN(const auto ctid, ctid_from(words));
    VZ_ASSIGN(auto addresses, addresses_from(words, 3));
    const sys::Fd net_ns(::open(words.at(2).c_str(), O_RDONLY | O_CLOEXEC));
    return routed.bring_up({ctid, net_ns.get(), std::move(addresses)});
}

Result<void> conflicts(const Routed& routed, const Words& words, Probe how) {
    VZ_ASSIGN(const auto ctid, ctid_from(words));
    VZ_ASSIGN(const auto addresses, addresses_from(words, 2));
    VZ_ASSIGN(const auto found, routed.find_conflicts(addresses, ctid, how));
    for (const auto& conflict : found)
        std::printf("%s %s\n", conflict.address.text().c_str(), conflict.owner.c_str());
    return {};
}

Result<void> announce(const Routed& routed, const Words& words) {
    VZ_ASSIGN(const auto addresses, addresses_from(words, 1));
    return routed.announce(addresses);
}

Result<void> dispatch(const Words& words, const std::map<std::string, std::string>& options) {
    Talk talk;
    VZ_ASSIGN(auto policy, policy_from(options));
    const Routed routed(std::move(policy), talk);
    if (words.empty())
        return fail(Errc::usage, "no verb");
    if (words[0] == "up")
        return up(routed, words);
    if (words[0] == "down") {
        VZ_ASSIGN(const auto ctid, ctid_from(words));
        return routed.take_down(ctid);
    }
    if (words[0] == "conflicts")
        return conflicts(routed, words, options.count("probe") != 0 ? Probe::none : Probe::neighbours);
    if (words[0] == "announce")
        return announce(routed, words);
    return fail(Errc::usage, "{}: no such verb", words[0]);
}

} // namespace

int main(int argc, char** argv) {
    std::map<std::string, std::string> options;
    int i = 1;
    for (; i < argc && std::string(argv[i]).find('=') != std::string::npos; ++i) {
        const std::string word = argv[i];
        options[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
    }
    const auto done = dispatch(Words(argv + i, argv + argc), options);
    if (done)
        return 0;
    std::fprintf(stderr, "net_driver: %s\n", done.error().what.c_str());
    return exit_code(done.error().code);
}
