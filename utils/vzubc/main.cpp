// SPDX-License-Identifier: GPL-2.0-or-later
// vzubc: the classic resources of containers, as /proc/user_beancounters had them.
#include "vz/base/json.hpp"
#include "vz/base/units.hpp"
#include "vz/cli/ids.hpp"
#include "vz/cli/options.hpp"
#include "vz/cli/progress.hpp"
#include "vz/cli/tool.hpp"
#include "vz/config/registry.hpp"
#include "vz/ops/list.hpp"
#include "vz/ops/usage.hpp"

#include <iostream>

using namespace vz;
using cli::Takes;

namespace {

const std::string k_tool = "vzubc";

cli::Usage usage() {
    cli::Usage usage{.tool = k_tool,
                     .synopsis = {"vzubc [-f] [-j] [CTID|NAME|-]…"},
                     .summary =
                         "Prints what containers hold, held at most, may have, and were refused; without "
                         "an id, of all that run",
                     .options = {{"failed", 'f', Takes::nothing, "", "only resources that were refused"},
                                 {"json", 'j', Takes::nothing, "", "a JSON array instead of lines"},
                                 {"null", '0', Takes::nothing, "", "ids read for \"-\" end in NUL"}},
                     .notes = ""};
    for (auto& option : cli::common_options())
        usage.options.push_back(std::move(option));
    return usage;
}

using Number = std::optional<std::uint64_t>;

struct Line {
    std::string_view resource;
    Number held, max_held;
    config::Limit configured;
    Number failures;
};

std::vector<Line> lines_of(const ops::Listed& listed, bool only_failed) {
    std::vector<Line> lines;
    for (const auto& resource : ops::resources()) {
        Line line{resource.name, {}, {}, {units::unlimited, units::unlimited}, {}};
        if (listed.runtime)
            line.failures = ops::failures(*listed.runtime, resource);
        if (only_failed && line.failures.value_or(0) == 0)
            continue;
        if (listed.runtime) {
            line.held = ops::held(*listed.runtime, resource);
            line.max_held = ops::max_held(*listed.runtime, resource);
        }
        if (listed.conf)
            line.configured = ops::configured_limit(*listed.conf, resource).value_or(line.configured);
        lines.push_back(line);
    }
    return lines;
}

std::string text_of(const Number& number) {
    return number ? std::to_string(*number) : "-";
}

Json json_of(const Number& number) {
    return number ? Json(*number) : Json();
}

// The widths of the classic file, so that what cuts columns goes on working.
void print_lines(config::Ctid ctid, const std::vector<Line>& lines, std::ostream& out) {
    std::string uid = ctid.text() + ":";
    for (const auto& line : lines) {
        out << format("{:>11}  {:<12} {:>20} {:>20} {:>20} {:>20} {:>20}\n", uid, line.resource,
                      text_of(line.held), text_of(line.max_held), line.configured.barrier,
                      line.configured.limit, text_of(line.failures));
        uid.clear();
    }
}

Json json_object(config::Ctid ctid, const std::vector<Line>& lines) {
    Json resources = Json::Object{};
    for (const auto& line : lines)
        resources.set(std::string(line.resource), Json::Object{{"held", json_of(line.held)},
                                                               {"maxheld", json_of(line.max_held)},
                                                               {"barrier", line.configured.barrier},
                                                               {"limit", line.configured.limit},
                                                               {"failcnt", json_of(line.failures)}});
    return Json::Object{{"ctid", ctid.value()}, {"resources", std::move(resources)}};
}

Result<ops::ListRequest> request_of(const config::Host& host, const cli::Parsed& given, std::istream& in) {
    ops::ListRequest request;
    if (given.operands().empty())
        return request;
    request.show = ops::Show::all;
    request.ids.emplace();
    const auto separator = given.has("null") ? cli::Separator::nul : cli::Separator::white_space;
    VZ_ASSIGN(const auto words, cli::expand_ids(given.operands(), in, separator));
    for (const auto& word : words) {
        VZ_ASSIGN(const auto ctid, config::resolve(host.paths, word));
        request.ids->push_back(ctid);
    }
    return request;
}

Result<int> print(const cli::Parsed& given, cli::Io io) {
    VZ_ASSIGN(const auto host, config::Host::load());
    VZ_ASSIGN(const auto request, request_of(host, given, io.in));
    const bool json = given.has("json");
    if (!json)
        io.out << "Version: 2.5\n"
               << format("{:>10}  {:<12} {:>20} {:>20} {:>20} {:>20} {:>20}\n", "uid", "resource", "held",
                         "maxheld", "barrier", "limit", "failcnt");
    Json all = Json::Array{};
    cli::Talker talk(k_tool, io.err, io.err, cli::Verbosity::brief, false);
    VZ_ASSIGN(const auto missing, ops::list_containers(host, request, talk, [&](const ops::Listed& listed) {
                  const auto lines = lines_of(listed, given.has("failed"));
                  if (json)
                      all.push(json_object(listed.ctid, lines));
                  else
                      print_lines(listed.ctid, lines, io.out);
              }));
    if (json)
        io.out << all.dump(2) << '\n';
    for (const auto ctid : missing)
        io.err << k_tool << ": CT " << ctid.value() << ": Container config file does not exist\n";
    return missing.empty() ? 0 : exit_code(Errc::system); // some of several
}

int run(const cli::Parsed& given, cli::Io io) {
    const auto status = print(given, io);
    return status ? *status : cli::report(k_tool, status.error(), io.err);
}

} // namespace

int main(int argc, char** argv) {
    return cli::tool_main(usage(), run, argc, argv);
}
