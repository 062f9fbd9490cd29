// SPDX-License-Identifier: GPL-2.0-or-later
#include "ct_devices.hpp"

#include "features.hpp"
#include "vz/base/text.hpp"

#include <algorithm>
#include <sys/sysmacros.h>

namespace vz::ops {

namespace {

using limits::DeviceNode;
using limits::DeviceRule;

struct NamedRights {
    std::string name;
    limits::Rights rights;
};

std::string rights_text(const limits::Rights& rights) {
    return rights.read || rights.write ? std::string(rights.read ? "r" : "") + (rights.write ? "w" : "")
                                       : std::string("none");
}

Result<NamedRights> parse_devnode(std::string_view text) {
    const auto colon = text.rfind(':');
    auto name = std::string(text.substr(0, colon));
    if (name.rfind("/dev/", 0) == 0)
        name.erase(0, 5);
    if (colon == std::string_view::npos || !limits::is_device_name(name))
        return fail(Errc::bad_value, "not a device like net/tun:rw: {}", text::printable(text));
    VZ_ASSIGN(const auto rights, limits::parse_rights(text.substr(colon + 1)));
    return NamedRights{std::move(name), rights};
}

DeviceGrant grant_of(const DeviceNode& node, const limits::Rights& rights) {
    return {{node.type, major(node.number), minor(node.number), rights.read, rights.write}, node};
}

void add_devices(std::vector<DeviceGrant>& grants, const config::Container& container, Reporter& out) {
    for (const auto& word : text::words(container.get_or("DEVICES", ""))) {
        const auto rule = limits::parse_device_rule(word);
        if (!rule) {
            out.warning(format("DEVICES: {}", rule.error().what));
            continue;
        }
        if (!rule->grants())
            continue;
        DeviceGrant grant{*rule, std::nullopt};
        if (rule->minor)
            if (const auto name = limits::device_name(rule->type, rule->major, *rule->minor))
                grant.node = DeviceNode{*name, rule->type, makedev(rule->major, *rule->minor), 0600};
        grants.push_back(std::move(grant));
    }
}

void add_devnodes(std::vector<DeviceGrant>& grants, const config::Container& container, Reporter& out) {
    for (const auto& word : text::words(container.get_or("DEVNODES", ""))) {
        const auto named = parse_devnode(word);
        const auto node = named ? limits::host_device(named->name) : Result<DeviceNode>(named.error());
        if (!node)
            out.warning(format("DEVNODES: {}", node.error().what));
        else if (named->rights.read || named->rights.write)
            grants.push_back(grant_of(*node, named->rights));
    }
}

} // namespace

Result<std::string> device_words(std::string_view text) {
    std::vector<std::string> words;
    for (const auto& word : text::words(text)) {
        VZ_ASSIGN(const auto rule, limits::parse_device_rule(word));
        words.push_back(rule.text());
    }
    if (words.empty())
        return fail(Errc::bad_value, "a device like c:10:200:rw expected");
    return text::join(words, " ");
}

Result<std::string> devnode_words(std::string_view text) {
    std::vector<std::string> words;
    for (const auto& word : text::words(text)) {
        VZ_ASSIGN(const auto named, parse_devnode(word));
        words.push_back(named.name + ":" + rights_text(named.rights));
    }
    if (words.empty())
        return fail(Errc::bad_value, "a device like net/tun:rw expected");
    return text::join(words, " ");
}

Result<std::string> merge_devices(std::string_view old, std::string_view changes) {
    std::vector<DeviceRule> rules;
    for (const auto& word : text::words(std::string(old) + " " + std::string(changes))) {
        VZ_ASSIGN(const auto rule, limits::parse_device_rule(word));
        rules.erase(std::remove_if(rules.begin(), rules.end(),
                                   [&](const DeviceRule& other) { return other.same_device(rule); }),
                    rules.end());
        if (rule.grants())
            rules.push_back(rule);
    }
    std::vector<std::string> words;
    for (const auto& rule : rules)
        words.push_back(rule.text());
    return text::join(words, " ");
}

Result<std::string> merge_devnodes(std::string_view old, std::string_view changes) {
    std::vector<NamedRights> all;
    for (const auto& word : text::words(std::string(old) + " " + std::string(changes))) {
        VZ_ASSIGN(auto named, parse_devnode(word));
        all.erase(std::remove_if(all.begin(), all.end(),
                                 [&](const NamedRights& other) { return other.name == named.name; }),
                  all.end());
        if (named.rights.read || named.rights.write)
            all.push_back(std::move(named));
    }
    std::vector<std::string> words;
    for (const auto& named : all)
        words.push_back(named.name + ":" + rights_text(named.rights));
    return text::join(words, " ");
}

std::vector<DeviceGrant> device_grants(const config::Container& container, Reporter& out) {
    std::vector<DeviceGrant> grants;
    add_devices(grants, container, out);
    add_devnodes(grants, container, out);
    for (const auto& feature : features_on(container.get_or("FEATURES", "")))
        if (!feature.device.empty())
            grants.push_back(
                {feature.rule, DeviceNode{std::string(feature.device), feature.rule.type,
                                          makedev(feature.rule.major, *feature.rule.minor), feature.mode}});
    return grants;
}

std::vector<DeviceGrant> revoked(const std::vector<DeviceGrant>& before,
                                 const std::vector<DeviceGrant>& after) {
    std::vector<DeviceGrant> gone;
    for (const auto& grant : before)
        if (std::none_of(after.begin(), after.end(),
                         [&](const DeviceGrant& other) { return other.rule.same_device(grant.rule); }))
            gone.push_back(grant);
    return gone;
}

} // namespace vz::ops
