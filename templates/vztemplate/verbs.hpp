// SPDX-License-Identifier: GPL-2.0-or-later
// The verbs of vztemplate: each makes one call of the templates module and prints what came of it.
#pragma once

#include "vz/base/reporter.hpp"
#include "vz/cli/options.hpp"
#include "vz/cli/tool.hpp"
#include "vz/config/host.hpp"
#include "vz/templates/recipe.hpp"
#include "vz/templates/store.hpp"

#include <string>
#include <vector>

namespace vztemplate {

inline constexpr const char* k_tool = "vztemplate";

struct Call {
    const vz::config::Host& host;
    vz::templates::Store store;
    vz::templates::RecipeBook recipes;
    const vz::cli::Parsed& options;
    std::vector<std::string> names; // operands behind the verb, "-" expanded
    vz::Reporter& reporter;
    vz::cli::Io io;
};

using Verb = int (*)(const Call& call);

int build(const Call& call);
int list(const Call& call);
int info(const Call& call);
int verify(const Call& call);
int remove(const Call& call);
int import(const Call& call);
int fetch(const Call& call);

// Tree ids in VE_TEMPLATE of all containers. A configuration that cannot be read is an error: it might use
// any tree.
vz::Result<std::vector<std::string>> trees_in_use(const vz::config::Host& host);

} // namespace vztemplate
