// SPDX-License-Identifier: GPL-2.0-or-later
// The two forms of sources.list(5), read and written.
#include "vz/templates/sources.hpp"

#include "vz/base/text.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace vz::templates {

namespace {

bool is_off(std::string_view value) {
    const auto word = text::lower(value);
    return word == "no" || word == "false" || word == "without" || word == "off" || word == "disable";
}

bool is_on(std::string_view value) {
    const auto word = text::lower(value);
    return word == "yes" || word == "true" || word == "with" || word == "on" || word == "enable";
}

void take_option(Source& source, std::string_view name, std::string_view value) {
    const auto key = text::lower(name);
    if (key == "signed-by")
        source.signed_by = value;
    else if (key == "trusted")
        source.trusted = is_on(value);
    else if (key == "check-valid-until")
        source.check_valid_until = !is_off(value);
}

// "[a=1 b=2]" behind the type; returns the rest of the line.
std::string_view take_options(Source& source, std::string_view rest) {
    if (rest.empty() || rest.front() != '[')
        return rest;
    const auto end = rest.find(']');
    if (end == std::string_view::npos)
        return {};
    for (const auto& option : text::words(rest.substr(1, end - 1)))
        if (const auto equals = option.find('='); equals != std::string::npos)
            take_option(source, std::string_view(option).substr(0, equals),
                        std::string_view(option).substr(equals + 1));
    return rest.substr(end + 1);
}

using Stanza = std::map<std::string, std::string>; // keys in lower case; continuation lines keep their breaks

std::optional<Source> source_of(const Stanza& stanza) {
    const auto field = [&](const char* key) {
        const auto found = stanza.find(key);
        return found == stanza.end() ? std::string() : found->second;
    };
    const auto types = text::words(field("types"));
    if (is_off(field("enabled")) || std::find(types.begin(), types.end(), "deb") == types.end())
        return std::nullopt;
    Source source;
    source.uris = text::words(field("uris"));
    source.suites = text::words(field("suites"));
    source.components = text::words(field("components"));
    for (const char* key : {"signed-by", "trusted", "check-valid-until"})
        if (stanza.count(key) != 0)
            take_option(source, key, text::trim(field(key)));
    if (source.uris.empty() || source.suites.empty())
        return std::nullopt;
    return source;
}

std::string joined_key(const std::string& signed_by) {
    std::string out; // a key block goes on in lines that begin with a blank, empty ones with " ."
    const auto lines = text::split(signed_by, '\n');
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto line = text::trim(lines[i]);
        out += i == 0 ? std::string(line) : format("\n {}", line.empty() ? "." : line);
    }
    return out;
}

} // namespace

std::vector<Source> parse_one_line(std::string_view text) {
    std::vector<Source> out;
    for (const auto& raw : text::split(text, '\n')) {
        auto line = text::trim(std::string_view(raw).substr(0, raw.find('#')));
        if (line.compare(0, 3, "deb") != 0 || line.size() < 5 || (line[3] != ' ' && line[3] != '\t'))
            continue;
        Source source;
        auto words = text::words(take_options(source, text::trim(line.substr(3))));
        if (words.size() < 2)
            continue;
        source.uris = {words[0]};
        source.suites = {words[1]};
        source.components.assign(words.begin() + 2, words.end());
        out.push_back(std::move(source));
    }
    return out;
}

std::vector<Source> parse_deb822(std::string_view text) {
    std::vector<Source> out;
    Stanza stanza;
    std::string* last = nullptr;
    const auto end_stanza = [&] {
        if (auto source = source_of(stanza))
            out.push_back(*std::move(source));
        stanza.clear();
        last = nullptr;
    };
    for (const auto& line : text::split(text, '\n')) {
        if (!line.empty() && line[0] == '#')
            continue;
        if (text::trim(line).empty()) {
            end_stanza();
        } else if (line[0] == ' ' || line[0] == '\t') {
            if (last)
                *last += "\n" + std::string(text::trim(line) == "." ? "" : text::trim(line));
        } else if (const auto colon = line.find(':'); colon != std::string::npos) {
            last = &stanza[text::lower(line.substr(0, colon))];
            *last = text::trim(std::string_view(line).substr(colon + 1));
        }
    }
    end_stanza();
    return out;
}

std::string deb822_text(const std::vector<Source>& sources) {
    std::string out;
    for (const auto& source : sources) {
        out += out.empty() ? "" : "\n";
        out += format("Types: deb\nURIs: {}\nSuites: {}\n", text::join(source.uris, " "),
                      text::join(source.suites, " "));
        if (!source.components.empty())
            out += format("Components: {}\n", text::join(source.components, " "));
        if (!source.signed_by.empty())
            out += format("Signed-By: {}\n", joined_key(source.signed_by));
        if (source.trusted)
            out += "Trusted: yes\n";
        if (!source.check_valid_until)
            out += "Check-Valid-Until: no\n";
    }
    return out;
}

} // namespace vz::templates
