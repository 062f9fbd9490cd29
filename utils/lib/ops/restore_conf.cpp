// SPDX-License-Identifier: GPL-2.0-or-later
#include "restore_conf.hpp"

#include "clone_conf.hpp"
#include "vz/base/text.hpp"
#include "vz/config/container.hpp"
#include "vz/ops/validate.hpp"

#include <algorithm>
#include <array>

namespace vz::ops {

namespace {

// Where the files were; where they will be is this host's business.
constexpr std::array k_places{"VE_ROOT", "VE_PRIVATE", "VE_TEMPLATE", "VE_VOLUME_GROUP", "VE_THIN_POOL"};
// What gives the container something of the host.
constexpr std::array k_reaching_out{"BINDMOUNT", "NETDEV", "DEVICES", "DEVNODES", "CAPABILITY"};

class Fitting {
public:
    Fitting(config::ConfFile conf, const Neighbours& neighbours)
        : m_out{std::move(conf), {}}, m_neighbours(neighbours) {}

    Result<ConfForHost> run(config::Ctid was, config::Ctid ctid) {
        for (const char* key : k_places)
            m_out.conf.erase(key);
        drop_faults();
        fit_name();
        VZ_TRY(fit_addresses());
        fit_ids();
        fit_uuid();
        if (was != ctid)
            VZ_TRY(fit_interfaces());
        for (const char* key : k_reaching_out)
            if (const auto value = get(key); !value.empty())
                warn(format("it reaches into the host: {}=\"{}\"", key, text::printable(value)));
        return std::move(m_out);
    }

private:
    std::string get(const char* key) const { return m_out.conf.get(key).value_or(""); }
    void warn(std::string text) { m_out.warnings.push_back(std::move(text)); }

    void drop_faults() {
        for (const auto& finding : validate(m_out.conf)) {
            if (finding.severity != Severity::error)
                continue;
            warn(format("{} is left out: {}", finding.key, text::printable(finding.text)));
            m_out.conf.erase(finding.key);
        }
    }

    void fit_name() {
        const auto found = m_neighbours.census.names.find(get("NAME"));
        if (found == m_neighbours.census.names.end())
            return;
        warn(format("its name {} belongs to {} now: it has none", found->first, found->second));
        m_out.conf.erase("NAME");
    }

    Result<void> fit_addresses() {
        std::vector<std::string> free;
        const auto words = text::words(get("IP_ADDRESS"));
        for (const auto& word : words) {
            const auto address = network::Address::parse(word);
            const auto found =
                address ? m_neighbours.census.addresses.find(*address) : m_neighbours.census.addresses.end();
            if (found == m_neighbours.census.addresses.end())
                free.push_back(word);
            else
                warn(format("its address {} belongs to {} now: it does not have it", word, found->second));
        }
        return free.size() == words.size() ? Result<void>()
                                           : m_out.conf.set("IP_ADDRESS", text::join(free, " "));
    }

    void fit_ids() {
        const auto uid = text::to_uint(get("LOCAL_UID"));
        const auto gid = text::to_uint(get("LOCAL_GID"));
        const auto fits = [&](const std::optional<std::uint64_t>& base) {
            const auto& pool = m_neighbours.pool;
            return base && *base >= pool.base && *base + storage::IdPool::k_each <= pool.base + pool.count();
        };
        if (fits(uid) && fits(gid)) {
            const sys::IdRange ids{static_cast<std::uint32_t>(*uid), static_cast<std::uint32_t>(*gid)};
            const auto& used = m_neighbours.census.ranges;
            if (std::none_of(used.begin(), used.end(),
                             [&](const auto& range) { return storage::overlap(range, ids); }))
                return;
        }
        m_out.conf.erase("LOCAL_UID"); // owners are kept as the container sees them: any range will do
        m_out.conf.erase("LOCAL_GID");
    }

    void fit_uuid() {
        const auto uuid = get("VE_UUID");
        const auto& used = m_neighbours.uuids;
        if (uuid.size() > 64 || uuid.find_first_not_of("0123456789abcdefABCDEF-") != std::string::npos ||
            std::find(used.begin(), used.end(), uuid) != used.end())
            m_out.conf.erase("VE_UUID");
    }

    Result<void> fit_interfaces() {
        const auto netif = get("NETIF");
        return netif.empty() ? Result<void>() : m_out.conf.set("NETIF", without_addresses(netif));
    }

    ConfForHost m_out;
    const Neighbours& m_neighbours;
};

} // namespace

Result<ConfForHost> conf_for_host(const OldConf& old, config::Ctid ctid, const Neighbours& neighbours) {
    VZ_ASSIGN(auto conf, config::ConfFile::parse(old.text).context("the configuration in the backup"));
    return Fitting(std::move(conf), neighbours).run(old.was, ctid);
}

} // namespace vz::ops
