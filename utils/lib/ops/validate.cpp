// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/validate.hpp"

#include "vz/base/text.hpp"
#include "vz/config/container.hpp"
#include "vz/network/address.hpp"
#include "vz/network/netif.hpp"
#include "vz/ops/bind_mounts.hpp"
#include "vz/ops/settings.hpp"
#include "vz/ops/usage.hpp"

#include <algorithm>
#include <array>

namespace vz::ops {

namespace {

Result<void> check_layout(const std::string& value) {
    return config::is_layout_word(value)
               ? Result<void>()
               : fail(Errc::bad_value, "unknown layout {}: known are {}", value, config::layout_words());
}

Result<void> check_addresses(const std::string& value) {
    for (const auto& word : text::words(value))
        VZ_TRY(network::Address::parse(word));
    return {};
}

Result<void> check_netifs(const std::string& value) {
    VZ_TRY(network::parse_netifs(value));
    return {};
}

Result<void> check_binds(const std::string& value) {
    VZ_TRY(parse_binds(value));
    return {};
}

Result<void> check_id(const std::string& value) {
    return text::to_uint(value) ? Result<void>() : fail(Errc::bad_value, "a number expected, not {}", value);
}

Result<void> anything(const std::string&) {
    return {};
}

// Keys that have no option of their own.
struct OtherKey {
    std::string_view key;
    Result<void> (*check)(const std::string& value);
};
constexpr std::array k_without_option = std::to_array<OtherKey>({
    {"BINDMOUNT", check_binds},
    {"IP_ADDRESS", check_addresses},
    {"LOCAL_GID", check_id},
    {"LOCAL_UID", check_id},
    {"NETDEV", anything},
    {"NETIF", check_netifs},
    {"ORIGIN_SAMPLE", anything},
    {"VE_LAYOUT", check_layout},
    {"VE_TEMPLATE", anything},
    {"VE_THIN_POOL", anything},
    {"VE_UUID", anything},
    {"VE_VOLUME_GROUP", anything},
});

const OtherKey* other_key(std::string_view key) {
    const auto found = std::find_if(k_without_option.begin(), k_without_option.end(),
                                    [&](const OtherKey& other) { return other.key == key; });
    return found == k_without_option.end() ? nullptr : &*found;
}

// "barrier:limit" in the file, whatever the option takes.
bool is_pair(std::string_view key) {
    const auto all = resources();
    return key == "DISKSPACE" || key == "DISKINODES" ||
           std::any_of(all.begin(), all.end(), [&](const Resource& r) { return r.key == key; });
}

Result<void> check_setting(const Setting& setting, const std::string& value) {
    if (is_pair(setting.key)) {
        VZ_TRY(config::parse_limit(value));
        return {};
    }
    for (const auto& word : setting.is_list ? text::words(value) : std::vector<std::string>{value})
        VZ_TRY(setting.normalise(word));
    return {};
}

// In whatever unit: that does not change what is larger.
bool is_above_its_limit(std::string_view key, const std::string& value) {
    const auto pair = is_pair(key) ? config::parse_limit(value) : Result<config::Limit>(Error{});
    return pair && pair->barrier > pair->limit;
}

void judge(const std::string& key, const std::string& value, std::vector<Finding>& findings) {
    const auto* setting = setting_for_key(key);
    const auto* other = other_key(key);
    if (!setting && !other)
        return findings.push_back({Severity::warning, key, "not known; nothing reads it"});
    if (value.empty())
        return;
    if (const auto good = setting ? check_setting(*setting, value) : other->check(value); !good)
        findings.push_back({Severity::error, key, good.error().what});
    else if (is_above_its_limit(key, value))
        findings.push_back({Severity::error, key, format("in {} the barrier is above the limit", value)});
    else if (setting && setting->without_effect)
        findings.push_back({Severity::recommendation, key, "has no effect on today's kernels"});
}

// What lets one container take the share of all others.
void look_for_absent(const config::ConfFile& conf, std::vector<Finding>& findings) {
    const auto lacks = [&](std::string_view key) { return conf.get(key).value_or("").empty(); };
    if (lacks("PHYSPAGES") && lacks("PRIVVMPAGES"))
        findings.push_back({Severity::recommendation, "PHYSPAGES", "not set: memory is not limited"});
    if (lacks("NUMPROC"))
        findings.push_back({Severity::recommendation, "NUMPROC", "not set: processes are not limited"});
}

} // namespace

std::string_view severity_word(Severity severity) {
    constexpr std::array<std::string_view, 3> k_words = {"Error", "Warning", "Recommendation"};
    return k_words[static_cast<std::size_t>(severity)];
}

std::vector<Finding> validate(const config::ConfFile& conf) {
    std::vector<Finding> findings;
    for (const auto& key : conf.keys())
        judge(key, conf.get(key).value_or(""), findings);
    look_for_absent(conf, findings);
    return findings;
}

std::vector<std::string> repair(config::ConfFile& conf) {
    std::vector<std::string> changed;
    for (const auto& key : conf.keys()) {
        const auto value = conf.get(key).value_or("");
        if (!is_above_its_limit(key, value))
            continue;
        const auto limit = value.substr(value.find(':') + 1);
        if (conf.set(key, limit + ":" + limit))
            changed.push_back(key);
    }
    return changed;
}

} // namespace vz::ops
