// SPDX-License-Identifier: GPL-2.0-or-later
#include "switches.hpp"

#include "vz/base/text.hpp"

#include <algorithm>

namespace vz::ops {

namespace {

std::vector<std::string> words_of(std::string_view value) {
    std::string blanks(value);
    std::replace(blanks.begin(), blanks.end(), ',', ' ');
    return text::words(blanks);
}

std::string text_of(const std::vector<std::pair<std::string, bool>>& switches) {
    std::vector<std::string> words;
    for (const auto& [name, on] : switches)
        words.push_back(name + (on ? ":on" : ":off"));
    return text::join(words, " ");
}

} // namespace

std::vector<std::pair<std::string, bool>> parse_switches(std::string_view value) {
    std::vector<std::pair<std::string, bool>> switches;
    for (const auto& word : words_of(value)) {
        const auto parts = text::split(word, ':');
        if (parts.size() == 2 && !parts[0].empty() && (parts[1] == "on" || parts[1] == "off"))
            switches.emplace_back(text::lower(parts[0]), parts[1] == "on");
    }
    return switches;
}

Result<std::string> switch_words(std::string_view text, const std::function<bool(std::string&)>& accept) {
    std::vector<std::pair<std::string, bool>> switches;
    for (const auto& word : words_of(text)) {
        auto parsed = parse_switches(word);
        if (parsed.size() != 1)
            return fail(Errc::bad_value, "NAME:on or NAME:off expected, not {}", text::printable(word));
        if (!accept(parsed.front().first))
            return fail(Errc::bad_value, "unknown name: {}", text::printable(word));
        switches.push_back(std::move(parsed.front()));
    }
    if (switches.empty())
        return fail(Errc::bad_value, "NAME:on or NAME:off expected");
    return text_of(switches);
}

Result<std::string> merge_switches(std::string_view old, std::string_view changes) {
    auto merged = parse_switches(old);
    for (const auto& change : parse_switches(changes)) {
        const auto found = std::find_if(merged.begin(), merged.end(),
                                        [&](const auto& entry) { return entry.first == change.first; });
        if (found == merged.end())
            merged.push_back(change);
        else
            found->second = change.second;
    }
    return text_of(merged);
}

} // namespace vz::ops
