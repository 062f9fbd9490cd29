// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/making/making.hpp"

#include "vz/base/text.hpp"
#include "vz/cli/log.hpp"
#include "vz/cli/progress.hpp"
#include "vz/ops/settings.hpp"
#include "vz/ops/start.hpp"
#include "vz/record/record.hpp"

#include <ostream>
#include <unistd.h>

namespace vz::making {

namespace {

// Both steps; the id is told to `action` as soon as it is known.
Result<config::Ctid> make_and_start(const Birth& birth, const cli::Parsed& given, const ops::Context& context,
                                    cli::Log& log, record::Action& action, cli::Io io) {
    if (birth.wanted)
        action.concerns(*birth.wanted);
    VZ_ASSIGN(const auto ctid, birth.make(context, [&](config::Ctid made) {
        action.concerns(made);
        log.write("CT " + made.text(), birth.log);
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

Result<config::Ctid> work(const std::string& tool, const cli::Parsed& given, cli::Io io,
                          const std::function<Result<Birth>(const config::Host&)>& plan) {
    VZ_ASSIGN(const auto host, config::Host::load());
    VZ_ASSIGN(const auto birth, plan(host));
    if (::geteuid() != 0)
        return fail(Errc::no_permission, "only root may do that; try sudo {}", tool);
    cli::Log log(host.log_file(), tool);
    const auto verbosity = given.has("verbose") ? cli::Verbosity::verbose : cli::Verbosity::brief;
    cli::Talker out(tool, io.err, io.err, verbosity, cli::stderr_is_terminal());
    const auto engine = ops::make_engine(host);
    const ops::Context context{host, *engine, out};
    record::Action action(host.paths, record::own_command());
    auto ctid = make_and_start(birth, given, context, log, action, io);
    action.end(ctid, out);
    return ctid;
}

} // namespace

std::vector<cli::Option> setting_options(std::string_view own) {
    std::vector<cli::Option> options;
    for (const auto& setting : ops::settings())
        if (setting.key != own)
            options.push_back({std::string(setting.option), 0, cli::Takes::values,
                               std::string(setting.argument), std::string(setting.help)});
    return options;
}

Result<ops::CreateRequest> create_request(const cli::Parsed& given, std::string_view template_option,
                                          std::string_view address_option) {
    ops::CreateRequest request;
    request.template_name = given.value(template_option).value_or("");
    request.sample = given.value("config");
    request.layout = given.value("layout");
    if (request.layout && !config::is_layout_word(*request.layout))
        return fail(Errc::bad_value, "unknown layout {}: known are {}", text::printable(*request.layout),
                    config::layout_words());
    VZ_ASSIGN(request.changes, ops::collect_changes([&](auto name) { return given.values(name); }));
    request.ip_add = given.values(address_option);
    return request;
}

Result<config::Ctid> parse_new_ctid(const std::string& word) {
    const auto ctid = config::Ctid::parse(word);
    return ctid ? Result<config::Ctid>(*ctid) : fail(Errc::bad_value, "Bad CT ID {}", text::printable(word));
}

int make(const std::string& tool, const cli::Parsed& given, cli::Io io,
         const std::function<Result<Birth>(const config::Host&)>& plan) {
    const auto ctid = work(tool, given, io, plan);
    return ctid ? 0 : cli::report(tool, ctid.error(), io.err);
}

} // namespace vz::making
