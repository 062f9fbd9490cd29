// SPDX-License-Identifier: GPL-2.0-or-later
// What every main() does around its one call: streams, errors printed once, output checked, exit code.
#pragma once

#include "vz/base/result.hpp"
#include "vz/cli/options.hpp"

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace vz::cli {

struct Io {
    std::istream& in;
    std::ostream& out;
    std::ostream& err;
};

using Run = std::function<int(const std::vector<std::string>& arguments, Io io)>;

// main() of every tool: `return tool_main("vzlist", run, argc, argv);`. Exceptions become one line and
// Errc::internal; output that could not be written makes a failure of a success.
int tool_main(const std::string& tool, const Run& run, int argc, char** argv);

// The same for a tool with one table of options: --help, --version and wrong options are answered here.
using RunParsed = std::function<int(const Parsed& given, Io io)>;
int tool_main(const Usage& usage, const RunParsed& run, int argc, char** argv);

// "tool: text" on err, control characters escaped; returns the exit code.
int report(const std::string& tool, const Error& error, std::ostream& err);

// For a wrong option: the error, and a pointer to --help, on one line.
int report_usage(const std::string& tool, const Error& error, std::ostream& err);

// "vzlist 1.0.0"
std::string version_text(const std::string& tool);

} // namespace vz::cli
