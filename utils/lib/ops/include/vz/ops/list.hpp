// SPDX-License-Identifier: GPL-2.0-or-later
// The containers of the host for vzlist: one pass over configurations, mounts and runtime records.
#pragma once

#include "vz/base/reporter.hpp"
#include "vz/config/container.hpp"
#include "vz/ops/runtime.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace vz::ops {

enum class State { running, stopped, mounted, suspended };
std::string_view state_word(State state);

// What makes a container mounted or suspended rather than stopped.
State state_of(bool running, bool mounted, bool has_dump);

struct Listed {
    config::Ctid ctid;
    State state;
    std::optional<config::Container> conf; // nothing if NUM.conf cannot be read
    std::optional<Runtime> runtime;        // only if it runs
    std::string root;
    std::string private_area;
};

enum class Show { running, all, not_running };

struct ListRequest {
    Show show = Show::running;
    std::optional<std::vector<config::Ctid>> ids; // only these, whatever their order
    // Shell patterns (fnmatch(3)); a container without the value does not match.
    std::optional<std::string> hostname;
    std::optional<std::string> name;
    std::optional<std::string> description;
};

bool matches(const ListRequest& request, const Listed& listed);

// Calls `visit` for each container that the request is about, by ascending id. One that runs is there even if
// its NUM.conf is gone or broken; broken ones are warned of. Returns the ids asked for that do not exist.
// Containers that were not asked for are not parsed.
Result<std::vector<config::Ctid>> list_containers(const config::Host& host, const ListRequest& request,
                                                  Reporter& out,
                                                  const std::function<void(const Listed&)>& visit);

} // namespace vz::ops
