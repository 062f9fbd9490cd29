// SPDX-License-Identifier: GPL-2.0-or-later
// The verbs of vzctl: one table for dispatch, help and checks; one function a verb.
#pragma once

#include "vz/cli/options.hpp"
#include "vz/cli/tool.hpp"
#include "vz/ops/context.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vz::vzctl {

// What a verb gets: the container, and what stood after it.
struct Call {
    ops::Context& context;
    config::Ctid ctid;
    std::vector<std::string> arguments;
    cli::Io io;
};

struct Verb {
    std::string_view name;
    std::string_view alias;    // "" for none
    std::string_view synopsis; // after the container id
    std::string_view summary;
    ops::Needs needs;   // judged before the options
    bool on_host;       // also for CT 0
    bool takes_command; // what follows is a command, not options
    std::vector<cli::Option> (*options)();
    Result<int> (*run)(const Call& call); // exit status
};

std::span<const Verb> verbs();
const Verb* find_verb(std::string_view name);

// Options parsed by the verb's own table; operands are an error.
Result<cli::Parsed> parse_options(const Verb& verb, const std::vector<std::string>& arguments);

// "--dry-run", the same for each verb that destroys or moves.
cli::Option dry_run_option();
ops::DryRun dry_run(const cli::Parsed& parsed);

// Exit status 0 for what is done.
Result<int> ok(Result<void> done);

} // namespace vz::vzctl
