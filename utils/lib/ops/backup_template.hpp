// SPDX-License-Identifier: GPL-2.0-or-later
// The template that a backup's files lie on, kept once in each place for backups.
#pragma once

#include "vz/backup/depot.hpp"
#include "vz/config/container.hpp"
#include "vz/ops/context.hpp"

namespace vz::ops {

// "" for a container that has no template of its own any more.
std::string tree_id_of(const config::Container& container);

// Puts the archive there unless it is there. Errc::template_not_found: neither here nor there is one.
Result<backup::OnTemplate> keep_template(const Context& context, const backup::Depot& depot,
                                         const config::Container& container);

} // namespace vz::ops
