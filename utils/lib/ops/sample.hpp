// SPDX-License-Identifier: GPL-2.0-or-later
// Sample configurations, /etc/vz/conf/ve-NAME.conf-sample: where create begins, and what --applyconfig
// applies.
#pragma once

#include "vz/config/conf_file.hpp"
#include "vz/config/host.hpp"
#include "vz/ops/settings.hpp"

#include <optional>
#include <string>

namespace vz::ops {

// The sample, or nothing if there is none of that name. `code` is for a name that cannot be one.
Result<std::optional<config::ConfFile>> load_sample(const config::Host& host, const std::string& name,
                                                    Errc code);

// What the sample sets, as changes of a container that exists: all but what makes it this container.
// Errc::apply_config if there is no such sample.
Result<Changes> sample_changes(const config::Host& host, const std::string& name);

} // namespace vz::ops
