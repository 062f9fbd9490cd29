// SPDX-License-Identifier: GPL-2.0-or-later
// The rules as text: parsing and printing.
#include "vz/network/firewall.hpp"

#include "vz/base/text.hpp"

#include <algorithm>

namespace vz::network {

namespace {

constexpr std::size_t k_most_rules = 1000;
constexpr std::size_t k_most_ports = 200;

struct ProtocolName {
    Protocol protocol;
    std::string_view name;
};
constexpr ProtocolName k_protocols[] = {
    {Protocol::any, "any"},   {Protocol::tcp, "tcp"},   {Protocol::udp, "udp"},
    {Protocol::sctp, "sctp"}, {Protocol::icmp, "icmp"},
};

Error bad_rule(std::string_view what, std::string_view value) {
    return fail(Errc::bad_value, "{}: {}", text::printable(value), what);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    const auto number = text::to_uint(text);
    if (!number || *number < 1 || *number > 65535)
        return std::nullopt;
    return static_cast<std::uint16_t>(*number);
}

Result<PortRange> parse_range(std::string_view text) {
    const auto dash = text.find('-');
    const auto first = parse_port(text.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_port(text.substr(dash + 1));
    if (!first || !last || *first > *last)
        return bad_rule("no port (1 to 65535) and no range of ports", text);
    return PortRange{*first, *last};
}

// In order and apart: nft refuses a set whose ranges overlap.
std::vector<PortRange> merged(std::vector<PortRange> ranges) {
    std::sort(ranges.begin(), ranges.end(),
              [](const PortRange& a, const PortRange& b) { return a.first < b.first; });
    std::vector<PortRange> out;
    for (const auto& range : ranges) {
        if (!out.empty() && range.first <= out.back().last)
            out.back().last = std::max(out.back().last, range.last);
        else
            out.push_back(range);
    }
    return out;
}

Result<std::vector<PortRange>> parse_ports(std::string_view text) {
    std::vector<PortRange> ranges;
    for (const auto& part : text::split(text, ',')) {
        VZ_ASSIGN(const auto range, parse_range(part));
        ranges.push_back(range);
    }
    if (ranges.size() > k_most_ports)
        return fail(Errc::bad_value, "more than {} ports in one rule", k_most_ports);
    return merged(std::move(ranges));
}

Result<IpNetwork> parse_network(std::string_view text) {
    const auto slash = text.find('/');
    const auto ip = Ip::parse(text.substr(0, slash));
    if (!ip)
        return bad_rule("not an IP address or network", text);
    const auto length = slash == std::string_view::npos ? ip->width() : text::to_uint(text.substr(slash + 1));
    if (!length || *length > ip->width())
        return bad_rule("not a prefix length after the \"/\"", text);
    const auto prefix = static_cast<unsigned>(*length);
    return IpNetwork{ip->network(prefix), prefix};
}

Result<Protocol> parse_protocol(std::string_view text) {
    for (const auto& [protocol, name] : k_protocols)
        if (text == name)
            return protocol;
    return bad_rule("not a protocol: tcp, udp, sctp, icmp and any are known", text);
}

} // namespace

std::string_view protocol_name(Protocol protocol) {
    return std::find_if(std::begin(k_protocols), std::end(k_protocols),
                        [&](const auto& entry) { return entry.protocol == protocol; })
        ->name;
}

std::string IpNetwork::text() const {
    return prefix == base.width() ? base.text() : format("{}/{}", base.text(), prefix);
}

Result<FirewallRule> FirewallRule::parse(std::string_view text) {
    FirewallRule rule;
    std::string_view rest = text;
    if (!rest.empty() && rest.front() == '!') {
        rule.accept = false;
        rest.remove_prefix(1);
    }
    if (const auto at = rest.find('@'); at != std::string_view::npos) {
        VZ_ASSIGN(rule.network, parse_network(rest.substr(at + 1)).context(text::printable(text)));
        rest = rest.substr(0, at);
    }
    const auto colon = rest.find(':');
    VZ_ASSIGN(rule.protocol, parse_protocol(rest.substr(0, colon)).context(text::printable(text)));
    if (colon == std::string_view::npos)
        return rule;
    if (rule.protocol == Protocol::icmp || rule.protocol == Protocol::any)
        return bad_rule(format("{} has no ports", protocol_name(rule.protocol)), text);
    VZ_ASSIGN(rule.ports, parse_ports(rest.substr(colon + 1)).context(text::printable(text)));
    return rule;
}

std::string FirewallRule::ports_text() const {
    std::vector<std::string> parts;
    for (const auto& range : ports)
        parts.push_back(range.first == range.last ? std::to_string(range.first)
                                                  : format("{}-{}", range.first, range.last));
    return text::join(parts, ",");
}

std::string FirewallRule::text() const {
    return format("{}{}{}{}{}{}", accept ? "" : "!", protocol_name(protocol), ports.empty() ? "" : ":",
                  ports_text(), network ? "@" : "", network ? network->text() : "");
}

Verdict FirewallList::effective_policy() const {
    if (policy)
        return *policy;
    const bool allows =
        std::any_of(rules.begin(), rules.end(), [](const FirewallRule& rule) { return rule.accept; });
    return allows ? Verdict::drop : Verdict::accept;
}

bool FirewallList::is_open() const {
    return effective_policy() == Verdict::accept &&
           std::all_of(rules.begin(), rules.end(), [](const FirewallRule& rule) { return rule.accept; });
}

Result<std::vector<FirewallRule>> parse_rules(std::string_view text) {
    std::vector<FirewallRule> rules;
    for (const auto& word : text::words(text)) {
        VZ_ASSIGN(auto rule, FirewallRule::parse(word));
        rules.push_back(std::move(rule));
    }
    if (rules.size() > k_most_rules)
        return fail(Errc::bad_value, "more than {} rules", k_most_rules);
    return rules;
}

Result<std::optional<Verdict>> parse_policy(std::string_view text) {
    const auto word = text::trim(text);
    if (word.empty())
        return std::optional<Verdict>{};
    if (word == "accept")
        return std::optional(Verdict::accept);
    if (word == "drop")
        return std::optional(Verdict::drop);
    return bad_rule("neither accept nor drop", text);
}

std::string rules_text(const std::vector<FirewallRule>& rules) {
    std::vector<std::string> parts;
    for (const auto& rule : rules)
        parts.push_back(rule.text());
    return text::join(parts, " ");
}

} // namespace vz::network
