// SPDX-License-Identifier: GPL-2.0-or-later
// Options as a table: written once, used for parsing (Boost.Program_options underneath), --help, and the
// checks that man page and completion agree with it.
#pragma once

#include "vz/base/result.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vz::cli {

enum class Takes { nothing, value, values }; // values: may be given more than once

struct Option {
    std::string name; // long name without dashes; "name1|name2": the second is an alias
    char letter = 0;  // short form, or 0
    Takes takes = Takes::nothing;
    std::string argument; // what --help calls the value
    std::string help;     // one sentence without trailing dot; "" keeps it out of --help
};

struct Usage {
    std::string tool;                  // "vzlist"
    std::vector<std::string> synopsis; // lines after "Usage: "
    std::string summary;               // one sentence
    std::vector<Option> options;
    std::string notes; // printed last, as it is
};

class Parsed {
public:
    bool has(std::string_view name) const;
    std::optional<std::string> value(std::string_view name) const; // the last one given
    std::vector<std::string> values(std::string_view name) const;  // in the order given
    const std::vector<std::string>& operands() const { return m_operands; }

private:
    friend Result<Parsed> parse(const std::vector<Option>&, const std::vector<std::string>&, Errc);
    std::map<std::string, std::vector<std::string>, std::less<>> m_given;
    std::vector<std::string> m_operands;
};

// Options may stand before, between and after operands; "--" ends them. Errors have the kind `usage_code`.
Result<Parsed> parse(const std::vector<Option>& options, const std::vector<std::string>& arguments,
                     Errc usage_code = Errc::usage);

// The whole --help text.
std::string help_text(const Usage& usage);

// --help and --version, which every tool has.
std::vector<Option> common_options();

// The known word nearest to `word` (at most two edits away), to suggest after a typo.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);

} // namespace vz::cli
