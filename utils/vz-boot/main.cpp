// SPDX-License-Identifier: GPL-2.0-or-later
// The work of the vz service: start the containers of this host when it boots, stop them when it goes down,
// and make their networks again in between.
#include "vz/cli/options.hpp"
#include "vz/cli/progress.hpp"
#include "vz/cli/tool.hpp"
#include "vz/config/registry.hpp"
#include "vz/ops/boot.hpp"
#include "vz/ops/runtime.hpp"
#include "vz/record/record.hpp"
#include "vz/sys/file.hpp"

#include <ostream>
#include <unistd.h>

using namespace vz;

namespace {

const char* const k_usage = "vz-boot start|stop|reload|status";

std::string marker(const config::HostPaths& paths) {
    return paths.run_dir() + "/started";
}

int summary(const Result<ops::BootReport>& report, std::string_view verb, cli::Io io) {
    if (!report)
        return cli::report("vz-boot", report.error(), io.err);
    io.out << format("{}: {} done, {} failed\n", verb, report->done.size(), report->failed.size());
    return report->failed.empty() ? 0 : exit_code(Errc::system);
}

// 0: started; 3: not (as init scripts answer, LSB).
int status(const config::HostPaths& paths, cli::Io io) {
    const bool up = sys::exists(marker(paths));
    std::size_t running = 0;
    for (const auto ctid : config::list_ctids(paths).value_or({}))
        running += ops::is_running(paths, ctid) ? 1 : 0;
    io.out << format("vz is {}; {} container(s) running\n", up ? "started" : "stopped", running);
    return up ? 0 : 3;
}

// One entry for each container, so that its own history tells about the host's boot, and one for the whole.
void keep(const config::Host& host, const std::string& verb, record::Action& whole,
          const Result<ops::BootReport>& report, Reporter& out) {
    const auto each = [&](const std::vector<config::Ctid>& ids, int status) {
        for (const auto ctid : ids) {
            record::Entry entry;
            entry.time = record::now();
            entry.who = record::find_who();
            entry.ctid = ctid.value();
            entry.command = {"vz-boot", verb};
            entry.status = status;
            (void)record::append(host.paths, entry);
        }
    };
    if (report) {
        each(report->done, 0);
        each(report->failed, exit_code(Errc::system));
    }
    const int status = report && !report->failed.empty() ? exit_code(Errc::system) : 0;
    whole.end(report ? nullptr : &report.error(), status, out);
}

Result<ops::BootReport> carry_out(const ops::Context& context, const std::string& verb) {
    if (verb == "reload")
        return ops::boot_reload(context);
    const auto started = marker(context.host.paths);
    if (verb == "stop") {
        ::unlink(started.c_str());
        return ops::boot_stop(context);
    }
    auto report = ops::boot_start(context);
    if (report)
        (void)sys::write_file_atomic(started, "");
    return report;
}

int act(const ops::Context& context, const std::string& verb, Reporter& out, cli::Io io) {
    record::Action action(context.host.paths, {"vz-boot", verb});
    if (verb == "start" && context.host.get("VIRTUOZZO", "yes") == "no") {
        io.out << "VIRTUOZZO is \"no\" in vz.conf: no container is started\n";
        return 0;
    }
    const auto report = carry_out(context, verb);
    keep(context.host, verb, action, report, out);
    return summary(report, verb, io);
}

int run(const std::vector<std::string>& arguments, cli::Io io) {
    const std::string verb = arguments.size() == 1 ? arguments[0] : "";
    if (verb != "start" && verb != "stop" && verb != "reload" && verb != "status")
        return cli::report("vz-boot", fail(Errc::usage, "Usage: {}", k_usage), io.err);
    const auto host = config::Host::load();
    if (!host)
        return cli::report("vz-boot", host.error(), io.err);
    if (verb == "status")
        return status(host->paths, io);
    cli::Talker out("vz-boot", io.err, io.err, cli::Verbosity::normal, cli::stderr_is_terminal());
    const auto engine = ops::make_engine(*host);
    const ops::Context context{*host, *engine, out};
    return act(context, verb, out, io);
}

} // namespace

int main(int argc, char** argv) {
    return cli::tool_main("vz-boot", run, argc, argv);
}
