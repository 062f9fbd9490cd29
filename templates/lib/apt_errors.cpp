// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/templates/apt_errors.hpp"

#include "vz/base/format.hpp"
#include "vz/base/text.hpp"

#include <algorithm>

namespace vz::templates {

namespace {

constexpr std::size_t k_max_errors = 3;

bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

// "E: Failed to fetch http://…/dists/trixie-updates/main/binary-i386/Packages.xz  File has unexpected size …"
bool says_mismatch(std::string_view line) {
    return has(line, "Failed to fetch ") && (has(line, "unexpected size") || has(line, "Hash Sum mismatch"));
}

// The suite in the address of a list; "" where there is none: a package then.
std::string_view suite_of(std::string_view line) {
    constexpr std::string_view before = "/dists/";
    const auto begin = line.find(before);
    if (begin == std::string_view::npos)
        return {};
    const auto suite = line.substr(begin + before.size());
    const auto end = suite.find('/');
    return end == std::string_view::npos ? std::string_view() : suite.substr(0, end);
}

bool can_be_left_out(const std::string& suite) {
    return has(suite, "-updates") || has(suite, "-security");
}

std::string last_errors(std::string_view output) {
    std::vector<std::string> errors;
    const auto lines = text::split(text::trim(output), '\n');
    for (const auto& line : lines)
        if (line.compare(0, 2, "E:") == 0 && errors.size() < k_max_errors)
            errors.push_back(text::printable(text::trim(std::string_view(line).substr(2))));
    return errors.empty() ? text::printable(lines.back()) : text::join(errors, "; ");
}

} // namespace

std::vector<std::string> mismatched_suites(std::string_view apt_output) {
    std::vector<std::string> out;
    for (const auto& line : text::split(apt_output, '\n')) {
        if (!says_mismatch(line))
            continue;
        const auto suite = text::printable(suite_of(line));
        if (!suite.empty() && std::find(out.begin(), out.end(), suite) == out.end())
            out.push_back(suite);
    }
    return out;
}

std::string explain_failure(int status, std::string_view apt_output) {
    const auto suites = mismatched_suites(apt_output);
    if (suites.empty())
        return format("mmdebstrap failed ({}): {}", status, last_errors(apt_output));
    const bool optional = std::all_of(suites.begin(), suites.end(), can_be_left_out);
    return format(
        "the mirror's package lists of {} do not match their signed Release files, it may be in the "
        "middle of an update; try again later, or {}",
        text::join(suites, ", "), optional ? "with --no-updates" : "another mirror with --mirror");
}

} // namespace vz::templates
