// SPDX-License-Identifier: GPL-2.0-or-later
// vzclone: makes a container as a copy of another one and prints its id, so that it can be piped on.
#include "vz/base/text.hpp"
#include "vz/cli/log.hpp"
#include "vz/cli/options.hpp"
#include "vz/cli/progress.hpp"
#include "vz/cli/tool.hpp"
#include "vz/config/registry.hpp"
#include "vz/ops/clone.hpp"
#include "vz/ops/start.hpp"
#include "vz/record/record.hpp"

#include <ostream>
#include <unistd.h>

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
    for (const auto& setting : ops::settings())
        if (setting.key != "OSTEMPLATE")
            usage.options.push_back({std::string(setting.option), 0, Takes::values,
                                     std::string(setting.argument), std::string(setting.help)});
    for (auto& option : cli::common_options())
        usage.options.push_back(std::move(option));
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
        request.ctid = config::Ctid::parse(operands[1]);
        if (!request.ctid)
            return fail(Errc::bad_value, "Bad CT ID {}", text::printable(operands[1]));
    }
    VZ_ASSIGN(request.changes, ops::collect_changes([&](auto name) { return given.values(name); }));
    return request;
}

// Both steps; the id is told to `action` as soon as it is known.
Result<config::Ctid> work(const cli::Parsed& given, const ops::CloneRequest& request,
                          const ops::Context& context, cli::Log& log, record::Action& action, cli::Io io) {
    if (request.ctid)
        action.concerns(*request.ctid);
    VZ_ASSIGN(const auto ctid, ops::clone(context, request, [&](config::Ctid made) {
                  action.concerns(made);
                  log.write("CT " + made.text(), format("created as a copy of {}", request.source.value()));
                  io.out << made.value() << '\n' << std::flush;
              }));
    if (given.has("start") || given.has("wait")) {
        ops::StartRequest start;
        start.wait = given.has("wait");
        VZ_TRY(
            ops::start(context, ctid, start).context(format("container {} was created, but", ctid.value())));
    }
    return ctid;
}

Result<config::Ctid> clone(const cli::Parsed& given, cli::Io io) {
    VZ_TRY(check_operands(given));
    VZ_ASSIGN(const auto host, config::Host::load());
    VZ_ASSIGN(const auto request, request_of(host, given));
    if (::geteuid() != 0)
        return fail(Errc::no_permission, "only root may do that; try sudo vzclone");
    cli::Log log(host.log_file(), k_tool);
    const auto verbosity = given.has("verbose") ? cli::Verbosity::verbose : cli::Verbosity::brief;
    cli::Talker out(k_tool, io.err, io.err, verbosity, cli::stderr_is_terminal());
    const auto engine = ops::make_engine(host);
    const ops::Context context{host, *engine, out};
    record::Action action(host.paths, record::own_command());
    auto ctid = work(given, request, context, log, action, io);
    action.end(ctid, out);
    return ctid;
}

int run(const cli::Parsed& given, cli::Io io) {
    const auto done = clone(given, io);
    if (!done && done.error().code == Errc::usage)
        return cli::report_usage(k_tool, done.error(), io.err);
    return done ? 0 : cli::report(k_tool, done.error(), io.err);
}

} // namespace

int main(int argc, char** argv) {
    return cli::tool_main(usage(), run, argc, argv);
}
