// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/config/conf_file.hpp"

#include "vz/base/text.hpp"

#include <algorithm>

namespace vz::config {

namespace {

bool is_key_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Values in which a variable is meant to be expanded ("$VEID") stay as they are between double quotes.
bool keeps_variables(std::string_view key) {
    return key == "VE_ROOT" || key == "VE_PRIVATE" || key == "DUMPDIR" || key == "LOCKDIR";
}

std::string quoted(std::string_view key, std::string_view value) {
    std::string out = "\"";
    for (char c : value) {
        if (c == '"' || c == '\\' || c == '`' || (c == '$' && !keeps_variables(key)))
            out += '\\';
        out += c;
    }
    return out + '"';
}

// Reads one shell word (quotes and backslashes as sh(1) takes them, without expansions) from the start of
// `s`. Returns its length, or nothing if a quote stays open.
std::optional<std::size_t> read_word(std::string_view s, std::string& value) {
    char quote = 0;
    std::size_t i = 0;
    for (; i < s.size(); ++i) {
        const char c = s[i];
        if (quote == 0 && (c == ' ' || c == '\t'))
            break;
        if (quote == 0 && (c == '"' || c == '\'')) {
            quote = c;
        } else if (c == quote) {
            quote = 0;
        } else if (c == '\\' && quote != '\'' && i + 1 < s.size()) {
            const bool literal =
                quote == '"' && std::string_view("\"\\$`").find(s[i + 1]) == std::string_view::npos;
            if (literal)
                value += c;
            value += s[++i];
        } else {
            value += c;
        }
    }
    return quote == 0 ? std::optional(i) : std::nullopt;
}

bool has_forbidden_control(std::string_view line) {
    return std::any_of(line.begin(), line.end(),
                       [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

} // namespace

Result<ConfFile::Line> ConfFile::parse_line(std::string_view line, std::size_t number) {
    if (!line.empty() && line.back() == '\r')
        line.remove_suffix(1);
    if (has_forbidden_control(line))
        return fail(Errc::bad_config, "line {}: control character", number);
    Line out;
    const auto content = text::trim(line);
    if (content.empty() || content.front() == '#') {
        out.before = std::string(line);
        return out;
    }
    std::size_t at = line.find_first_not_of(" \t");
    if (line.substr(at, 7) == "export ")
        at = line.find_first_not_of(" \t", at + 7);
    std::size_t end = at;
    while (end < line.size() && is_key_character(line[end]))
        ++end;
    if (at == std::string_view::npos || end == at || end >= line.size() || line[end] != '=')
        return fail(Errc::bad_config, "line {}: not KEY=\"value\": {}", number,
                    text::printable(content.substr(0, 60)));
    out.before = std::string(line.substr(0, at));
    out.key = std::string(line.substr(at, end - at));
    const auto rest = line.substr(end + 1);
    const auto length = read_word(rest, out.value);
    if (!length)
        return fail(Errc::bad_config, "line {}: unbalanced quotes", number);
    out.raw = std::string(rest.substr(0, *length));
    out.after = std::string(rest.substr(*length));
    const auto tail = text::trim(out.after);
    if (!tail.empty() && tail.front() != '#')
        return fail(Errc::bad_config, "line {}: text after the value of {}", number, out.key);
    return out;
}

Result<ConfFile> ConfFile::parse(std::string_view all) {
    ConfFile file;
    if (all.empty())
        return file;
    auto lines = text::split(all, '\n');
    if (lines.back().empty())
        lines.pop_back();
    for (std::size_t i = 0; i < lines.size(); ++i) {
        VZ_ASSIGN(auto line, parse_line(lines[i], i + 1));
        const auto earlier = line.key.empty() ? std::nullopt : file.get(line.key);
        if (earlier && *earlier != line.value)
            return fail(Errc::bad_config, "line {}: {} is set twice, to different values", i + 1, line.key);
        file.m_lines.push_back(std::move(line));
    }
    return file;
}

std::optional<std::string> ConfFile::get(std::string_view key) const {
    for (const auto& line : m_lines)
        if (line.key == key)
            return line.value;
    return std::nullopt;
}

Result<void> ConfFile::set(std::string_view key, std::string_view value) {
    if (text::has_control(value))
        return fail(Errc::bad_value, "{}: control characters are not allowed in a value", key);
    bool found = false;
    for (auto& line : m_lines)
        if (line.key == key) {
            found = true;
            if (line.value == value)
                continue;
            line.value = std::string(value);
            line.raw = quoted(key, value);
        }
    if (!found)
        m_lines.push_back({"", std::string(key), std::string(value), "", quoted(key, value)});
    return {};
}

void ConfFile::erase(std::string_view key) {
    m_lines.erase(
        std::remove_if(m_lines.begin(), m_lines.end(), [&](const Line& line) { return line.key == key; }),
        m_lines.end());
}

std::vector<std::string> ConfFile::keys() const {
    std::vector<std::string> out;
    for (const auto& line : m_lines)
        if (!line.key.empty() && std::find(out.begin(), out.end(), line.key) == out.end())
            out.push_back(line.key);
    return out;
}

std::string ConfFile::text() const {
    std::string out;
    for (const auto& line : m_lines)
        out += line.before + (line.key.empty() ? "" : line.key + "=" + line.raw + line.after) + "\n";
    return out;
}

} // namespace vz::config
