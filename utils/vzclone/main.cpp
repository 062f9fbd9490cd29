// SPDX-License-Identifier: GPL-2.0-or-later
// vzclone: makes a container as a copy of another one and prints its id, so that it can be piped on.
#include "vz/config/registry.hpp"
#include "vz/making/making.hpp"
#include "vz/ops/clone.hpp"

using namespace vz;
using cli::Takes;

namespace {

const char* const k_tool = "vzclone";

cli::Usage usage() {
    cli::Usage usage{
        k_tool,
        {"vzclone [options] SOURCE [CTID]"},
        "Make a container as a copy of another one and print its id; without CTID the next free one from 101 "
        "up",
        {{"ip|ipadd", 0, Takes::values, "ADDRESS", "an IPv4 or IPv6 address; may be repeated"},
         {"start", 0, Takes::nothing, "", "start it at once"},
         {"wait", 'w', Takes::nothing, "", "start it and return when its services are up"},
         {"keep-identity", 0, Takes::nothing, "", "leave machine id and ssh host keys as they are"},
         {"no-freeze", 0, Takes::nothing, "", "let a running source work on while its files are copied"},
         {"verbose", 'v', Takes::nothing, "", "tell each step on standard error"}},
        "The source may run. The copy has its settings, but ids, name and addresses of its own.\n"
        "Example: vzclone web --name web2 --hostname web2 --ip 10.0.0.6 --start\n"};
    for (const auto& more : {making::setting_options("OSTEMPLATE"), cli::common_options()})
        usage.options.insert(usage.options.end(), more.begin(), more.end());
    return usage;
}

Result<void> check_operands(const cli::Parsed& given) {
    if (given.operands().empty())
        return fail(Errc::usage, "which container is to be copied?");
    if (given.operands().size() > 2)
        return fail(Errc::usage, "a source and one CTID at most");
    return {};
}

Result<ops::CloneRequest> request_of(const config::Host& host, const cli::Parsed& given) {
    const auto& operands = given.operands();
    VZ_ASSIGN(const auto source, config::resolve(host.paths, operands[0]));
    ops::CloneRequest request{
        source, std::nullopt, {}, given.values("ip"), given.has("keep-identity"), !given.has("no-freeze")};
    if (operands.size() == 2) {
        VZ_ASSIGN(request.ctid, making::parse_new_ctid(operands[1]));
    }
    VZ_ASSIGN(request.changes, ops::collect_changes([&](auto name) { return given.values(name); }));
    return request;
}

Result<making::Birth> plan(const config::Host& host, const cli::Parsed& given) {
    VZ_ASSIGN(const auto request, request_of(host, given));
    return making::Birth{request.ctid, format("created as a copy of {}", request.source.value()),
                         [request](const auto& context, const auto& announce) {
                             return ops::clone(context, request, announce);
                         }};
}

int run(const cli::Parsed& given, cli::Io io) {
    if (const auto fits = check_operands(given); !fits)
        return cli::report_usage(k_tool, fits.error(), io.err);
    return making::make(k_tool, given, io, [&](const config::Host& host) { return plan(host, given); });
}

} // namespace

int main(int argc, char** argv) {
    return cli::tool_main(usage(), run, argc, argv);
}
