// SPDX-License-Identifier: GPL-2.0-or-later
// vzkernel: what the container tools need from the running kernel, and what of it is there.
#include "vz/cli/options.hpp"
#include "vz/cli/table.hpp"
#include "vz/cli/tool.hpp"
#include "vz/kernel/check.hpp"

#include <iostream>

using namespace vz;

namespace {

const std::string k_tool = "vzkernel";

std::vector<cli::Option> options() {
    std::vector<cli::Option> out{
        {"json", 'j', cli::Takes::nothing, "", "one JSON document instead of the table"},
        {"no-header", 'H', cli::Takes::nothing, "", "no line of headers, no closing line"}};
    for (auto& option : cli::common_options())
        out.push_back(std::move(option));
    return out;
}

cli::Usage usage() {
    return {.tool = k_tool,
            .synopsis = {"vzkernel check [--json] [-H]"},
            .summary =
                "Checks whether the running kernel suits containers; nothing is changed, no module is loaded",
            .options = options(),
            .notes = "Exit status: 0 suitable, 1 something optional is missing or low, 2 unsuitable.\n"};
}

std::vector<cli::Column<kernel::Finding>> columns() {
    using kernel::Finding;
    const auto column = [](std::string key, std::string header, int width, auto text) {
        return cli::Column<Finding>{{std::move(key), std::move(header), width, cli::Align::left, ""},
                                    text,
                                    [text](const Finding& f) { return Json(text(f)); }};
    };
    return {
        column("feature", "FEATURE", 24, [](const Finding& f) { return f.feature; }),
        column("status", "STATUS", 8, [](const Finding& f) { return std::string(status_name(f.status)); }),
        column("need", "NEED", 9, [](const Finding& f) { return std::string(need_name(f.need)); }),
        column("used_by", "USED_BY", 31, [](const Finding& f) { return f.used_by; }),
        column("detail", "FOUND", 34, [](const Finding& f) { return f.detail; }),
        column("advice", "WHAT_TO_DO", 1, [](const Finding& f) { return f.advice; }),
    };
}

void print(const kernel::Facts& facts, const std::vector<kernel::Finding>& findings,
           const cli::Parsed& options, std::ostream& out) {
    const auto verdict = std::string(verdict_name(kernel::verdict(findings)));
    if (options.has("json")) {
        Json json;
        json.set("kernel", facts.release);
        json.set("verdict", verdict);
        json.set("features", cli::table_json(columns(), findings));
        out << json.dump(2) << '\n';
        return;
    }
    const bool header = !options.has("no-header");
    out << cli::table_text(columns(), findings, {.header = header});
    if (header)
        out << format("\nKernel {}: {}\n", facts.release, verdict);
}

int exit_status(kernel::Verdict verdict) {
    return static_cast<int>(verdict);
}

int run(const cli::Parsed& given, cli::Io io) {
    if (given.operands() != std::vector<std::string>{"check"})
        return cli::report_usage(k_tool, fail(Errc::usage, "say what to do: check"), io.err);
    const auto facts = kernel::gather_facts();
    const auto findings = kernel::judge(facts);
    print(facts, findings, given, io.out);
    return exit_status(kernel::verdict(findings));
}

} // namespace

int main(int argc, char** argv) {
    return cli::tool_main(usage(), run, argc, argv);
}
