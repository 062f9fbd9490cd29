// SPDX-License-Identifier: GPL-2.0-or-later
#include "census.hpp"

#include "attachment.hpp"
#include "vz/base/text.hpp"
#include "vz/config/registry.hpp"
#include "vz/ops/pending.hpp"
#include "vz/sys/file.hpp"

#include <optional>
#include <sys/stat.h>

namespace vz::ops {

namespace {

void note_addresses(Census& census, const std::vector<std::string>& texts, const std::string& owner) {
    for (const auto& text : texts)
        if (auto address = network::Address::parse(text))
            census.addresses.emplace(*std::move(address), owner);
}

void note_container(Census& census, const config::Container& container) {
    const auto owner = format("container {}", container.ctid().value());
    if (const auto range = container.id_range())
        census.ranges.push_back(*range);
    note_addresses(census, container.addresses(), owner);
    for (auto& address : netif_addresses(container))
        census.addresses.emplace(address, owner);
    if (!container.name().empty())
        census.names.emplace(container.name(), owner);
}

std::string census_lock(const config::Host& host) {
    return host.paths.run_dir() + "/census.lock";
}

std::optional<std::uint32_t> number_after(std::string_view content, std::string_view key) {
    for (const auto& line : text::split(content, '\n')) {
        if (line.compare(0, key.size(), key) != 0)
            continue;
        const auto value = std::string_view(line).substr(key.size());
        const auto first = value.find_first_of("0123456789");
        const auto last = first == value.npos ? first : value.find_first_not_of("0123456789", first);
        const auto number =
            first == value.npos ? std::nullopt : text::to_uint(value.substr(first, last - first));
        if (number && *number <= 0xffffffffU)
            return static_cast<std::uint32_t>(*number);
    }
    return std::nullopt;
}

// A container whose configuration is broken keeps its ids all the same: what the lines still tell, or else
// the owner of its files. Two containers with the same ids could reach each other's files once it is
// repaired.
void note_broken(Census& census, const config::Host& host, config::Ctid ctid) {
    const auto read = sys::read_file(host.paths.ct_conf(ctid));
    const auto content = read ? read->value_or("") : "";
    const auto uid = number_after(content, "LOCAL_UID=");
    const auto gid = number_after(content, "LOCAL_GID=");
    if (uid)
        census.ranges.push_back({*uid, gid.value_or(*uid)});
    struct stat st {};
    if (::stat((host.ve_private(ctid) + "/upper").c_str(), &st) == 0 && st.st_uid > 0)
        census.ranges.push_back({st.st_uid, st.st_gid});
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
        else
            note_broken(census, host, ctid);
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
    VZ_ASSIGN(auto lock, sys::FileLock::acquire(census_lock(host), "choosing", std::chrono::seconds(60)));
    if (!lock)
        return fail(Errc::locked, "another command is choosing ids for a container and does not end");
    return *std::move(lock);
}

void sweep_census(const config::Host& host) {
    (void)sys::FileLock::acquire(census_lock(host), "cleaning");
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
