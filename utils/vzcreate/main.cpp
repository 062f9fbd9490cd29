// SPDX-License-Identifier: GPL-2.0-or-later
// vzcreate: makes a container and prints its id, so that it can be piped on.
#include "vz/base/text.hpp"
#include "vz/cli/log.hpp"
#include "vz/cli/options.hpp"
#include "vz/cli/progress.hpp"
#include "vz/cli/tool.hpp"
#include "vz/ops/create.hpp"
#include "vz/ops/start.hpp"
#include "vz/record/record.hpp"

#include <ostream>
#include <unistd.h>

using namespace vz;
using cli::Takes;

namespace {

const char* const k_tool = "vzcreate";

cli::Usage usage() {
    cli::Usage usage{
        k_tool,
        {"vzcreate --template NAME [options] [CTID]"},
        "Make a container from a template and print its id; without CTID the next free one from 101 up",
        {{"template|ostemplate", 't', Takes::value, "NAME", "the template (vztemplate list)"},
         {"config", 0, Takes::value, "SAMPLE", "begin with ve-SAMPLE.conf-sample"},
         {"layout", 0, Takes::value, "dir|overlay", "how its files are kept"},
         {"ip|ipadd", 0, Takes::values, "ADDRESS", "an IPv4 or IPv6 address; may be repeated"},
         {"start", 0, Takes::nothing, "", "start it at once"},
         {"wait", 'w', Takes::nothing, "", "start it and return when its services are up"},
         {"verbose", 'v', Takes::nothing, "", "tell each step on standard error"}},
        "Example: vzcreate -t debian-13-x86_64-minimal --ip 10.0.0.5 --hostname web --start\n"};
    for (const auto& setting : ops::settings())
        if (setting.key != "OSTEMPLATE")
            usage.options.push_back({std::string(setting.option), 0, Takes::values,
                                     std::string(setting.argument), std::string(setting.help)});
    for (auto& option : cli::common_options())
        usage.options.push_back(std::move(option));
    return usage;
}

Result<ops::CreateRequest> request_of(const cli::Parsed& parsed) {
    ops::CreateRequest request;
    if (parsed.operands().size() > 1)
        return fail(Errc::usage, "one CTID at most");
    if (!parsed.operands().empty()) {
        request.ctid = config::Ctid::parse(parsed.operands()[0]);
        if (!request.ctid)
            return fail(Errc::bad_value, "Bad CT ID {}", text::printable(parsed.operands()[0]));
    }
    request.template_name = parsed.value("template").value_or("");
    request.sample = parsed.value("config");
    request.layout = parsed.value("layout");
    if (request.layout && !config::is_layout_word(*request.layout))
        return fail(Errc::bad_value, "unknown layout {}: known are {}", text::printable(*request.layout),
                    config::layout_words());
    VZ_ASSIGN(request.changes, ops::collect_changes([&](auto name) { return parsed.values(name); }));
    request.ip_add = parsed.values("ip");
    return request;
}

// Both steps; the id is told to `action` as soon as it is known.
Result<config::Ctid> work(const cli::Parsed& parsed, const ops::CreateRequest& request,
                          const ops::Context& context, cli::Log& log, record::Action& action, cli::Io io) {
    if (request.ctid)
        action.concerns(*request.ctid);
    VZ_ASSIGN(const auto ctid, ops::create(context, request, [&](config::Ctid made) {
                  action.concerns(made);
                  log.write("CT " + made.text(), "created");
                  io.out << made.value() << '\n' << std::flush;
              }));
    if (parsed.has("start") || parsed.has("wait")) {
        ops::StartRequest start;
        start.wait = parsed.has("wait");
        VZ_TRY(
            ops::start(context, ctid, start).context(format("container {} was created, but", ctid.value())));
    }
    return ctid;
}

Result<config::Ctid> create(const cli::Parsed& parsed, cli::Io io) {
    VZ_ASSIGN(const auto request, request_of(parsed));
    if (::geteuid() != 0)
        return fail(Errc::no_permission, "only root may do that; try sudo vzcreate");
    VZ_ASSIGN(const auto host, config::Host::load());
    cli::Log log(host.log_file(), k_tool);
    const auto verbosity = parsed.has("verbose") ? cli::Verbosity::verbose : cli::Verbosity::brief;
    cli::Talker out(k_tool, io.err, io.err, verbosity, cli::stderr_is_terminal());
    const auto engine = ops::make_engine(host);
    const ops::Context context{host, *engine, out};
    record::Action action(host.paths, record::own_command());
    auto ctid = work(parsed, request, context, log, action, io);
    action.end(ctid, out);
    return ctid;
}

int run(const cli::Parsed& given, cli::Io io) {
    const auto ctid = create(given, io);
    return ctid ? 0 : cli::report(k_tool, ctid.error(), io.err);
}

} // namespace

int main(int argc, char** argv) {
    return cli::tool_main(usage(), run, argc, argv);
}
