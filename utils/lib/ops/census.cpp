// SPDX-License-Identifier: GPL-2.0-or-later
#include "census.hpp"

#include "vz/base/text.hpp"
#include "vz/config/registry.hpp"
#include "vz/ops/pending.hpp"
#include "vz/sys/file.hpp"

namespace vz::ops {

namespace {

void note_addresses(Census& census, const std::vector<std::string>& texts, const std::string& owner) {
    for (const auto& text : texts)
        if (auto address = network::Address::parse(text))
            census.addresses.emplace(*std::move(address), owner);
}

void note_container(Census& census, const config::Container& container) {
    const auto owner = "container " + container.ctid().text();
    if (const auto range = container.id_range())
        census.ranges.push_back(*range);
    note_addresses(census, container.addresses(), owner);
    if (!container.name().empty())
        census.names.emplace(container.name(), owner);
}

} // namespace

Result<Census> take_census(const config::Host& host, config::Ctid except) {
    Census census;
    VZ_ASSIGN(const auto ids, config::list_ctids(host.paths));
    for (const auto ctid : ids) {
        census.ctids.insert(ctid);
        if (ctid == except)
            continue;
        if (const auto container = config::load_container(host, ctid))
            note_container(census, *container);
    }
    for (const auto& pending : all_pending(host)) {
        if (pending.ids)
            census.ranges.push_back(*pending.ids);
        note_addresses(census, pending.addresses, "a container that is being created");
        if (!pending.name.empty())
            census.names.emplace(pending.name, "a container that is being created");
    }
    return census;
}

Result<sys::FileLock> lock_census(const config::Host& host) {
    VZ_ASSIGN(auto lock, sys::FileLock::acquire(host.paths.run_dir() + "/census.lock", "choosing",
                                                std::chrono::seconds(60)));
    if (!lock)
        return fail(Errc::locked, "another command is choosing ids for a container and does not end");
    return *std::move(lock);
}

Result<void> check_addresses_free(const Census& census, const std::vector<network::Address>& addresses) {
    for (const auto& address : addresses)
        if (const auto found = census.addresses.find(address); found != census.addresses.end())
            return fail(Errc::ip_in_use, "IP address {} is already in use by {}", address.text(),
                        found->second);
    return {};
}

Result<void> check_name_free(const Census& census, const std::string& name) {
    if (const auto found = census.names.find(name); found != census.names.end())
        return fail(Errc::name, "name {} is already in use by {}", name, found->second);
    return {};
}

} // namespace vz::ops
