// SPDX-License-Identifier: GPL-2.0-or-later
// Which containers exist: NUM.conf files in /etc/vz/conf, and names that lead to them.
#pragma once

#include "vz/base/result.hpp"
#include "vz/config/container.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace vz::config {

// Ids of all NUM.conf files, ascending. Files with other names (0.conf, samples, leftovers) are not
// containers.
Result<std::vector<Ctid>> list_ctids(const HostPaths& paths);

// An id as it is; a name by /etc/vz/names/NAME, or (should that link be lost) by NAME= in a NUM.conf.
// Errc::bad_value if it is neither.
Result<Ctid> resolve(const HostPaths& paths, std::string_view id_or_name);

// The container whose NUM.conf has this NAME.
Result<std::optional<Ctid>> find_by_name(const HostPaths& paths, std::string_view name);

// Whether VE_ROOT and VE_PRIVATE are folders that may be a container's. load_container() asks, whoever
// changes them must. Errc::bad_config.
Result<void> check_folders(const Container& container);

// Errc::no_container_config if NUM.conf is missing, Errc::bad_config if it cannot be read.
Result<Container> load_container(const Host& host, Ctid ctid);

// Makes /etc/vz/names/NAME lead to the container, and drops other links to it. "" drops all.
Result<void> link_name(const HostPaths& paths, Ctid ctid, const std::string& name);

} // namespace vz::config
