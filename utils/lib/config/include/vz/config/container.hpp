// SPDX-License-Identifier: GPL-2.0-or-later
// One container's configuration with the host's defaults behind it, and typed views of the keys in use.
#pragma once

#include "vz/base/result.hpp"
#include "vz/config/conf_file.hpp"
#include "vz/config/host.hpp"
#include "vz/sys/userns.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vz::config {

enum class Layout { dir, overlay, btrfs, lvm, lvmthin };
std::optional<Layout> parse_layout(std::string_view text); // also "simfs" (dir) of old configurations
// Words for new containers: the above, and the classic "ploop" with or without a format (an image file with a
// size of its own and snapshots), which means whatever the host has that can do this.
bool is_layout_word(std::string_view text);
std::string_view layout_name(Layout layout);
std::string layout_words(); // "dir, overlay, …" for messages

// barrier:limit of a resource; one value means both. Numbers in the key's own unit.
struct Limit {
    std::uint64_t barrier = 0;
    std::uint64_t limit = 0;
    bool operator==(const Limit&) const = default;
};
// `unit`: bytes a bare number stands for (4096 for keys in pages); the result is divided by `divide_by`.
Result<Limit> parse_limit(std::string_view text, std::uint64_t unit = 1, std::uint64_t divide_by = 1);
std::string limit_text(const Limit& limit); // "0:65536", "unlimited" for the largest value

class Container {
public:
    Container(const Host& host, Ctid ctid, ConfFile conf)
        : m_host(&host), m_ctid(ctid), m_conf(std::move(conf)) {}

    const Host& host() const { return *m_host; }
    Ctid ctid() const { return m_ctid; }
    ConfFile& conf() { return m_conf; }
    const ConfFile& conf() const { return m_conf; }

    // NUM.conf first, then vz.conf.
    std::optional<std::string> get(std::string_view key) const;
    std::string get_or(std::string_view key, std::string_view otherwise) const;
    bool is_yes(std::string_view key) const;

    std::string root() const;         // VE_ROOT, expanded
    std::string private_area() const; // VE_PRIVATE, expanded
    Layout layout() const;            // by NUM.conf alone; the host's VE_LAYOUT is for new containers
    std::string name() const { return get_own("NAME"); }
    std::string hostname() const; // HOSTNAME, else "ct<id>"
    std::string uuid() const { return get_own("VE_UUID"); }
    std::string template_id() const { return get_own("VE_TEMPLATE"); }
    std::vector<std::string> addresses() const;   // IP_ADDRESS
    std::optional<sys::IdRange> id_range() const; // LOCAL_UID, LOCAL_GID; nothing if absent or not numbers
    unsigned stop_timeout() const;                // seconds
    int boot_order() const;                       // INT_MIN if unset: those go last

    // Only from NUM.conf; "" if absent.
    std::string get_own(std::string_view key) const { return m_conf.get(key).value_or(""); }

    // Writes NUM.conf back atomically. Errc::save_config.
    Result<void> save() const;

private:
    const Host* m_host;
    Ctid m_ctid;
    ConfFile m_conf;
};

} // namespace vz::config
