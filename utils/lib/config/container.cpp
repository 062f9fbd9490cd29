// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/config/container.hpp"

#include "vz/base/text.hpp"
#include "vz/base/units.hpp"
#include "vz/sys/file.hpp"

#include <array>
#include <climits>
#include <utility>

namespace vz::config {

namespace {

constexpr std::array<std::pair<std::string_view, Layout>, 5> k_layouts{{
    {"dir", Layout::dir},
    {"overlay", Layout::overlay},
    {"btrfs", Layout::btrfs},
    {"lvm", Layout::lvm},
    {"lvmthin", Layout::lvmthin},
}};

} // namespace

std::optional<Layout> parse_layout(std::string_view text) {
    if (text == "simfs")
        return Layout::dir;
    for (const auto& [word, layout] : k_layouts)
        if (word == text)
            return layout;
    return std::nullopt;
}

bool is_layout_word(std::string_view text) {
    return parse_layout(text) || text == "ploop" || text == "ploop:expanded" || text == "ploop:plain" ||
           text == "ploop:raw";
}

std::string_view layout_name(Layout layout) {
    for (const auto& [word, known] : k_layouts)
        if (known == layout)
            return word;
    return "dir";
}

std::string layout_words() {
    std::vector<std::string> words;
    for (const auto& [word, layout] : k_layouts)
        words.emplace_back(word);
    return text::join(words, ", ");
}

Result<Limit> parse_limit(std::string_view s, std::uint64_t unit, std::uint64_t divide_by) {
    const auto parts = text::split(s, ':');
    if (parts.size() > 2)
        return fail(Errc::bad_value, "not barrier:limit: {}", text::printable(s));
    const auto one = [&](const std::string& part) -> Result<std::uint64_t> {
        VZ_ASSIGN(const auto value, units::parse_size(part, unit));
        return value >= units::unlimited ? units::unlimited : value / divide_by;
    };
    VZ_ASSIGN(const auto barrier, one(parts.front()));
    VZ_ASSIGN(const auto limit, one(parts.back()));
    return Limit{barrier, limit};
}

std::string limit_text(const Limit& limit) {
    const auto one = [](std::uint64_t value) {
        return value >= units::unlimited ? std::string("unlimited") : std::to_string(value);
    };
    return one(limit.barrier) + ":" + one(limit.limit);
}

std::optional<std::string> Container::get(std::string_view key) const {
    auto own = m_conf.get(key);
    return own ? own : m_host->conf.get(key);
}

std::string Container::get_or(std::string_view key, std::string_view otherwise) const {
    return get(key).value_or(std::string(otherwise));
}

bool Container::is_yes(std::string_view key) const {
    return get_or(key, "no") == "yes";
}

std::string Container::root() const {
    const auto own = m_conf.get("VE_ROOT");
    return own ? m_host->paths.prefix + expand_veid(*own, m_ctid) : m_host->ve_root(m_ctid);
}

std::string Container::private_area() const {
    const auto own = m_conf.get("VE_PRIVATE");
    return own ? m_host->paths.prefix + expand_veid(*own, m_ctid) : m_host->ve_private(m_ctid);
}

Layout Container::layout() const {
    // A configuration of the old tools names no layout: its private area is the whole root file system.
    return parse_layout(get_own("VE_LAYOUT")).value_or(template_id().empty() ? Layout::dir : Layout::overlay);
}

std::string Container::hostname() const {
    const auto own = get_or("HOSTNAME", "");
    return own.empty() ? "ct" + m_ctid.text() : own;
}

std::vector<std::string> Container::addresses() const {
    return text::words(get_own("IP_ADDRESS"));
}

std::optional<sys::IdRange> Container::id_range() const {
    const auto uid = text::to_uint(get_own("LOCAL_UID"));
    const auto gid = text::to_uint(get_own("LOCAL_GID"));
    constexpr std::uint64_t k_count = 65536;
    constexpr std::uint64_t k_end = 0xffffffffULL - k_count;
    if (!uid || !gid || *uid < k_count || *gid < k_count || *uid > k_end || *gid > k_end)
        return std::nullopt;
    return sys::IdRange{static_cast<std::uint32_t>(*uid), static_cast<std::uint32_t>(*gid), k_count};
}

unsigned Container::stop_timeout() const {
    const auto seconds = text::to_uint(get_or("STOP_TIMEOUT", "120"));
    return seconds && *seconds <= 86400 ? static_cast<unsigned>(*seconds) : 120;
}

int Container::boot_order() const {
    const auto order = text::to_uint(get_own("BOOTORDER"));
    return order && *order <= INT_MAX ? static_cast<int>(*order) : INT_MIN;
}

Result<void> Container::save() const {
    return sys::write_file_atomic(m_host->paths.ct_conf(m_ctid), m_conf.text())
        .context("save the configuration")
        .as(Errc::save_config);
}

} // namespace vz::config
