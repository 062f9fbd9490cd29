// SPDX-License-Identifier: GPL-2.0-or-later
// What the tools that make containers have in common: options for the settings of NUM.conf, and the way from
// a request to a container whose id is printed, so that it can be piped on.
#pragma once

#include "vz/cli/tool.hpp"
#include "vz/ops/create.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vz::making {

// One for each key of NUM.conf that can be set; `own`: a key for which the tool has another option.
std::vector<cli::Option> setting_options(std::string_view own = {});

// What the options ask for, but for CTID and ids. The names of two of them differ from tool to tool.
// Errc::bad_value.
Result<ops::CreateRequest> create_request(const cli::Parsed& given, std::string_view template_option,
                                          std::string_view address_option);

// Errc::bad_value
Result<config::Ctid> parse_new_ctid(const std::string& word);

struct Birth {
    std::optional<config::Ctid> wanted; // nothing: whichever is free
    std::string log;                    // what the log says of it: "created"
    std::function<Result<config::Ctid>(const ops::Context&,
                                       const std::function<void(config::Ctid)>& announce)>
        make;
};

// As root: makes it, prints its id as soon as it is there, starts it if --start or --wait ask for that, and
// keeps the record. Errors are reported. The exit status.
int make(const std::string& tool, const cli::Parsed& given, cli::Io io,
         const std::function<Result<Birth>(const config::Host&)>& plan);

} // namespace vz::making
