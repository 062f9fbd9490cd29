// SPDX-License-Identifier: GPL-2.0-or-later
// NETIF and FIREWALL as a configuration may have them, and a hosts file as a container may: no crash, and
// nothing of the text reaches a rule but what was checked.
#include "vz/base/text.hpp"
#include "vz/network/bridged.hpp"
#include "vz/network/hosts_text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace vz::network;

namespace {

void must(bool promise) {
    if (!promise)
        std::abort();
}

bool is_plain(const std::string& text) {
    constexpr std::string_view k_allowed = " \n_-.,:;{}@\"/!=&|()*+";
    return std::all_of(text.begin(), text.end(), [&](unsigned char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               k_allowed.find(static_cast<char>(c)) != k_allowed.npos;
    });
}

void netif(std::string_view input) {
    auto parsed = parse_netifs(input);
    if (!parsed)
        return;
    complete(*parsed, 101);
    const auto again = parse_netifs(netifs_text(*parsed));
    must(again && *again == *parsed);
    Attachment attachment;
    attachment.ctid = 101;
    attachment.netifs = *parsed;
    must(is_plain(nft_attachment(attachment)));
}

void firewall(std::string_view input) {
    const auto rules = parse_rules(input);
    if (!rules)
        return;
    const auto again = parse_rules(rules_text(*rules));
    must(again && *again == *rules);
    must(is_plain(nft_firewall(101, {{*rules, {}}, {*rules, {}}}, {"veth101.0"}, {})));
}

void hosts(std::string_view input) {
    const auto once = with_block(input, "10.0.0.1\tweb\n");
    must(with_block(once, "10.0.0.1\tweb\n") == once);
    (void)zone_serial(input);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    netif(input);
    firewall(input);
    hosts(input);
    return 0;
}
