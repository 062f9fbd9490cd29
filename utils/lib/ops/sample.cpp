// SPDX-License-Identifier: GPL-2.0-or-later
#include "sample.hpp"

#include "vz/base/text.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>
#include <array>

namespace vz::ops {

namespace {

// The classic list, and our own keys that say where and whose the files are.
constexpr std::array<std::string_view, 12> k_kept = {"HOSTNAME",   "IP_ADDRESS",  "OSTEMPLATE", "VE_ROOT",
                                                     "VE_PRIVATE", "DESCRIPTION", "NAME",       "VE_LAYOUT",
                                                     "VE_UUID",    "VE_TEMPLATE", "LOCAL_UID",  "LOCAL_GID"};

} // namespace

Result<std::optional<config::ConfFile>> load_sample(const config::Host& host, const std::string& name,
                                                    Errc code) {
    if (name.empty() || name.find('/') != std::string::npos || text::has_control(name))
        return fail(code, "not a name of a sample: {}", text::printable(name));
    const auto path = host.paths.sample_conf(name);
    VZ_ASSIGN(const auto content, sys::read_file(path));
    if (!content)
        return std::optional<config::ConfFile>{};
    VZ_ASSIGN(auto conf, config::ConfFile::parse(*content).context(path));
    return std::optional(std::move(conf));
}

Result<Changes> sample_changes(const config::Host& host, const std::string& name) {
    VZ_ASSIGN(const auto sample, load_sample(host, name, Errc::apply_config));
    if (!sample)
        return fail(Errc::apply_config, "Sample configuration {} not found", host.paths.sample_conf(name));
    Changes changes;
    for (const auto& key : sample->keys())
        if (std::find(k_kept.begin(), k_kept.end(), key) == k_kept.end())
            changes.emplace_back(key, sample->get(key).value_or(""));
    changes.emplace_back("ORIGIN_SAMPLE", name);
    return changes;
}

} // namespace vz::ops
