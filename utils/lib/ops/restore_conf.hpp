// SPDX-License-Identifier: GPL-2.0-or-later
// The configuration that a backup carries, made fit for this host. Pure; the text is foreign.
#pragma once

#include "census.hpp"

#include "vz/config/conf_file.hpp"
#include "vz/storage/id_pool.hpp"

#include <string>
#include <vector>

namespace vz::ops {

// What the host has already, the container to be replaced left aside.
struct Neighbours {
    const Census& census;
    const std::vector<std::string>& uuids;
    storage::IdPool pool;
};

struct OldConf {
    std::string text;
    config::Ctid was; // the id that it had
};

struct ConfForHost {
    config::ConfFile conf;
    std::vector<std::string> warnings; // what was left out, and what reaches into the host
};

// Without places on the old host, and without what cannot be here: values that a verb would refuse, a name,
// addresses and ids that others have. Errc::bad_config if it is no configuration at all.
Result<ConfForHost> conf_for_host(const OldConf& old, config::Ctid ctid, const Neighbours& neighbours);

} // namespace vz::ops
