// SPDX-License-Identifier: GPL-2.0-or-later
// A configuration of KEY="value" lines that a shell can source (vz.conf, NUM.conf). Unknown keys, comments
// and the order of lines survive every change.
#pragma once

#include "vz/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vz::config {

class ConfFile {
public:
    // Errc::bad_config, naming the line, for control characters, unbalanced quotes, a line that is neither
    // empty, comment nor assignment, or a key set twice to different values (a shell would take the last, the
    // classic tools the first: whoever wrote it must decide).
    static Result<ConfFile> parse(std::string_view text);

    std::optional<std::string> get(std::string_view key) const; // unquoted
    bool has(std::string_view key) const { return get(key).has_value(); }

    // Replaces the value in its line (what follows the value, such as a comment, stays), or appends a line.
    // The value must not hold control characters: Errc::bad_value.
    Result<void> set(std::string_view key, std::string_view value);
    void erase(std::string_view key);

    std::vector<std::string> keys() const;
    std::string text() const;

private:
    struct Line {
        std::string before; // blanks, "export "
        std::string key;    // "" for a comment or an empty line, whose text is in `before`
        std::string value;
        std::string after; // trailing blanks and comment
        std::string raw;   // the assignment's value as written, quotes included, until it is changed
    };
    static Result<Line> parse_line(std::string_view line, std::size_t number);

    std::vector<Line> m_lines;
};

} // namespace vz::config
