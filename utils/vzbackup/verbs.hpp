// SPDX-License-Identifier: GPL-2.0-or-later
// What vzbackup can be told to do.
#pragma once

#include "vz/backup/depot.hpp"
#include "vz/backup/retention.hpp"
#include "vz/base/reporter.hpp"
#include "vz/cli/options.hpp"
#include "vz/cli/tool.hpp"
#include "vz/config/host.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace vz::vzbackup {

inline const std::string k_tool = "vzbackup";

struct Call {
    const config::Host& host;
    const backup::Depot& depot;
    const cli::Parsed& given;
    const std::vector<std::string>& words; // behind the verb, "-" read
    Reporter& out;
    cli::Io io;
};

// Each returns the exit status and has told its errors.
using Verb = int (*)(const Call& call);
int make(const Call& call); // backups of containers
int list(const Call& call);
int info(const Call& call);
int verify(const Call& call);      // reads everything once more
int consolidate(const Call& call); // makes full ones of those that go on from others
int diff(const Call& call);
int mount(const Call& call);
int umount(const Call& call);
int remove(const Call& call);
int prune(const Call& call);

// --keep-last … --keep-yearly. Errc::usage.
Result<backup::Retention> retention_of(const cli::Parsed& given);

// --lockwait. Errc::usage.
Result<std::chrono::milliseconds> patience_of(const cli::Parsed& given);

// A number behind an option, or `otherwise`. Errc::usage.
Result<std::uint64_t> number_of(const cli::Parsed& given, std::string_view option, std::uint64_t otherwise);

} // namespace vz::vzbackup
