// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/cli/options.hpp"

#include "vz/base/text.hpp"

#include <algorithm>
#include <boost/program_options.hpp>

namespace vz::cli {

namespace po = boost::program_options;

namespace {

std::vector<std::string> names_of(const Option& option) {
    return text::split(option.name, '|');
}

// Flags may be repeated as well (-v -v): each is a value-less occurrence, stored as "1".
void describe(po::options_description& description, const Option& option) {
    for (const auto& name : names_of(option)) {
        const bool first = name == names_of(option).front();
        const std::string spelled = first && option.letter ? format("{},{}", name, option.letter) : name;
        auto* semantic = po::value<std::vector<std::string>>()->composing();
        if (option.takes == Takes::nothing)
            semantic->zero_tokens();
        description.add_options()(spelled.c_str(), semantic);
    }
}

std::vector<std::string> known_names(const std::vector<Option>& options) {
    std::vector<std::string> names;
    for (const auto& option : options)
        for (const auto& name : names_of(option))
            names.push_back(name);
    return names;
}

std::string unknown_option(const std::string& given, const std::vector<Option>& options) {
    std::string message = format("unknown option {}", text::printable(given));
    const auto stripped = given.substr(std::min(given.find_first_not_of('-'), given.size()));
    if (const auto near = nearest(stripped.substr(0, stripped.find('=')), known_names(options)))
        message += format(", did you mean --{}?", *near);
    return message;
}

// Several values of an option that takes one: the later wins in scripts that append options, so no error
// here; callers for whom that would hide a mistake look at values().
std::vector<std::string> occurrences(const po::option& option) {
    return option.value.empty() ? std::vector<std::string>{"1"} : option.value;
}

const Option& option_named(const std::vector<Option>& options, const std::string& key) {
    return *std::find_if(options.begin(), options.end(), [&](const Option& option) {
        const auto names = names_of(option);
        return std::find(names.begin(), names.end(), key) != names.end();
    });
}

std::string left_column(const Option& option) {
    std::string out = option.letter ? format("  -{}, ", option.letter) : "      ";
    out += "--" + names_of(option).front();
    if (option.takes != Takes::nothing)
        out += " " + option.argument;
    return out;
}

std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const auto above = row[j];
            row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

} // namespace

bool Parsed::has(std::string_view name) const {
    return m_given.find(name) != m_given.end();
}

std::optional<std::string> Parsed::value(std::string_view name) const {
    const auto found = m_given.find(name);
    return found == m_given.end() ? std::nullopt : std::optional(found->second.back());
}

std::vector<std::string> Parsed::values(std::string_view name) const {
    const auto found = m_given.find(name);
    return found == m_given.end() ? std::vector<std::string>{} : found->second;
}

Result<Parsed> parse(const std::vector<Option>& options, const std::vector<std::string>& arguments,
                     Errc usage_code) {
    po::options_description description;
    for (const auto& option : options)
        describe(description, option);
    Parsed parsed;
    try {
        using namespace po::command_line_style;
        const auto style = allow_long | long_allow_adjacent | long_allow_next | allow_short |
                           allow_dash_for_short | short_allow_adjacent | short_allow_next | allow_sticky;
        const auto result = po::command_line_parser(arguments).options(description).style(style).run();
        for (const auto& option : result.options) {
            if (option.position_key >= 0 || option.string_key.empty()) {
                parsed.m_operands.insert(parsed.m_operands.end(), option.value.begin(), option.value.end());
                continue;
            }
            const auto name = names_of(option_named(options, option.string_key)).front();
            auto& given = parsed.m_given[name];
            const auto values = occurrences(option);
            given.insert(given.end(), values.begin(), values.end());
        }
    } catch (const po::unknown_option& e) {
        return fail(usage_code, "{}", unknown_option(e.get_option_name(), options));
    } catch (const po::error& e) {
        return fail(usage_code, "{}", text::printable(e.what()));
    }
    return parsed;
}

std::string help_text(const Usage& usage) {
    std::string out;
    for (const auto& line : usage.synopsis)
        out += format("{} {}\n", &line == usage.synopsis.data() ? "Usage:" : "      ", line);
    out += format("\n{}.\n", usage.summary);
    if (!usage.options.empty())
        out += "\nOptions:\n";
    std::size_t width = 0;
    for (const auto& option : usage.options)
        if (!option.help.empty())
            width = std::max(width, std::min<std::size_t>(left_column(option).size(), 30));
    for (const auto& option : usage.options) {
        if (option.help.empty())
            continue;
        const auto left = left_column(option);
        out += left.size() > width ? format("{}\n{:{}}  {}\n", left, "", width, option.help)
                                   : format("{:{}}  {}\n", left, width, option.help);
    }
    if (!usage.notes.empty())
        out += "\n" + usage.notes;
    return out;
}

std::vector<Option> common_options() {
    return {{"help", 'h', Takes::nothing, "", "print this help"},
            {"version", 'V', Takes::nothing, "", "print the version"}};
}

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known) {
    std::optional<std::string> best;
    std::size_t best_distance = 3;
    for (const auto& candidate : known)
        if (const auto d = distance(word, candidate); d < best_distance && d < candidate.size()) {
            best = candidate;
            best_distance = d;
        }
    return best;
}

} // namespace vz::cli
