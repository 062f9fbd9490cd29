// SPDX-License-Identifier: GPL-2.0-or-later
// Making a template from a recipe: mmdebstrap(1) installs the packages into a work folder, we clean the
// result and pack it so that the same package archive gives the same bytes.
#pragma once

#include "vz/templates/recipe.hpp"
#include "vz/templates/sources.hpp"
#include "vz/templates/store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vz::templates {

struct BuildRequest {
    Recipe recipe;
    std::vector<Source> sources;            // as derive_sources() gives them
    std::optional<std::int64_t> date = {};  // SOURCE_DATE_EPOCH; else that of the newest Release file
    std::vector<Source> guest_sources = {}; // of the template's own apt; if empty, the same
};

// Needs root, mmdebstrap and a network. A template of that name is replaced when the new one is complete.
Result<Template> build(const Store& store, const BuildRequest& request, Reporter& reporter);

// Whether `existing` was made of the same recipe.
bool is_current(const Template& existing, const Recipe& recipe);

} // namespace vz::templates
