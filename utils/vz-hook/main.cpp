// SPDX-License-Identifier: GPL-2.0-or-later
// Called by liblxc, never by people: "vz-hook start-host CTID" when a container is about to run, "vz-hook
// stop CTID" when it has ended and "vz-hook post-stop CTID" when nothing of it is left. See
// lxc.container.conf(5), "CONTAINER HOOKS". And by CRIU without arguments, at its stages; see criu(8).
#include "vz/base/text.hpp"
#include "vz/cli/log.hpp"
#include "vz/cli/tool.hpp"
#include "vz/ops/checkpoint.hpp"
#include "vz/ops/hook_notes.hpp"
#include "vz/ops/lxc_setup.hpp"
#include "vz/record/record.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <functional>
#include <unistd.h>

using namespace vz;

namespace {

class LogReporter : public Reporter {
public:
    LogReporter(cli::Log& log, std::string subject) : m_log(log), m_subject(std::move(subject)) {}
    void info(std::string_view text) override { m_log.write(m_subject, text); }
    void warning(std::string_view text) override {
        m_log.error(m_subject, text);
        m_warnings.emplace_back(text);
    }
    const std::vector<std::string>& warnings() const { return m_warnings; }

private:
    cli::Log& m_log;
    std::string m_subject;
    std::vector<std::string> m_warnings;
};

Result<void> stop(const config::Host& host, config::Ctid ctid, Reporter& out) {
    const char* net_ns = std::getenv("LXC_NET_NS");
    return net_ns ? ops::hook_stop(host, ctid, net_ns, out) : Result<void>();
}

// What nobody commanded is kept too: the end of a container, and that it was started again.
void keep(const config::Host& host, config::Ctid ctid, const std::string& word, const std::string& note,
          int status) {
    record::Entry entry;
    entry.time = record::now();
    entry.who.service = "vz-hook";
    entry.ctid = ctid.value();
    entry.command = {"vz-hook", word};
    entry.note = note;
    entry.status = status;
    (void)record::append(host.paths, entry);
}

void after_the_end(const config::Host& host, config::Ctid ctid, Reporter& out) {
    const auto ended = ops::hook_post_stop(host, ctid, out);
    if (!ended)
        return out.warning("clean up after the container ended: " + ended.error().what);
    if (!ended->by_itself)
        return;
    const int status = ended->failed ? exit_code(Errc::system) : 0;
    keep(host, ctid, "ended", ended->failed ? "its init died" : "ended by itself", status);
    const auto started = ops::restart_by_policy(host, ctid, *ended, out);
    if (started && *started)
        keep(host, ctid, "restart", format("started again by its policy, restart {}", ended->times + 1), 0);
}

// In a process of its own: the engine waits for its hooks, and does nothing else meanwhile.
Result<void> in_background(const std::function<void()>& work) {
    const pid_t pid = ::fork();
    if (pid < 0)
        return sys_fail(errno, Errc::no_resources, "fork");
    if (pid > 0)
        return {};
    ::setsid();
    const int null = ::open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; ++fd)
        ::dup2(null, fd);
    ::close_range(3, ~0U, 0);
    work();
    ::_exit(0);
}

Result<void> start_host(const config::Host& host, config::Ctid ctid, Reporter& out) {
    const char* pid_text = std::getenv("LXC_PID");
    const auto pid = text::to_uint(pid_text ? pid_text : "");
    if (!pid)
        return fail(Errc::bad_syntax, "LXC_PID is not set; liblxc calls this program");
    VZ_ASSIGN(const auto started, ops::hook_start_host(host, ctid, static_cast<pid_t>(*pid), out));
    if (started == ops::Started::rebooted)
        return in_background([&] { ops::hook_rebooted(host, ctid, out); });
    return {};
}

// Whoever stops the container waits for the engine and holds the lock: the clean-up cannot happen here.
Result<void> post_stop(const config::Host& host, config::Ctid ctid, Reporter& out) {
    const char* target = std::getenv("LXC_TARGET");
    if (target && std::string_view(target) == "reboot")
        return {};
    return in_background([&] { after_the_end(host, ctid, out); });
}

std::string from_environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

// Most stages are nothing to us, and there are many.
int run_stage(const std::string& stage, cli::Io io) {
    constexpr std::array k_stages = {"post-dump", "post-setup-namespaces", "post-restore", "pre-resume"};
    if (std::find(k_stages.begin(), k_stages.end(), stage) == k_stages.end())
        return 0;
    const auto ctid = config::Ctid::parse(from_environment("VZ_CHECKPOINT"));
    const auto host = config::Host::load();
    if (!ctid || !host)
        return cli::report(
            "vz-hook", fail(Errc::bad_syntax, "VZ_CHECKPOINT is not set; criu calls this program"), io.err);
    cli::Log log(host->log_file(), "vz-hook");
    LogReporter out(log, "CT " + ctid->text());
    const auto init = text::to_uint(from_environment("CRTOOLS_INIT_PID")).value_or(0);
    const auto done = ops::hook_checkpoint(*host, *ctid, stage, static_cast<pid_t>(init), out);
    if (!done || !out.warnings().empty())
        ops::keep_hook_notes(host->paths, *ctid,
                             {done ? std::nullopt : std::optional(done.error()), out.warnings()});
    if (done)
        return 0;
    out.warning(stage + ": " + done.error().what);
    return cli::report("vz-hook", done.error(), io.err);
}

int run(const std::vector<std::string>& arguments, cli::Io io) {
    if (const auto stage = from_environment("CRTOOLS_SCRIPT_ACTION"); arguments.empty() && !stage.empty())
        return run_stage(stage, io);
    const auto ctid = arguments.size() == 2 ? config::Ctid::parse(arguments[1]) : std::nullopt;
    if (!ctid)
        return cli::report("vz-hook", fail(Errc::bad_syntax, "vz-hook start-host|stop|post-stop CTID"),
                           io.err);
    const auto host = config::Host::load();
    if (!host)
        return cli::report("vz-hook", host.error(), io.err);
    cli::Log log(host->log_file(), "vz-hook");
    LogReporter out(log, "CT " + ctid->text());
    const auto done = arguments[0] == "start-host"  ? start_host(*host, *ctid, out)
                      : arguments[0] == "stop"      ? stop(*host, *ctid, out)
                      : arguments[0] == "post-stop" ? post_stop(*host, *ctid, out)
                                                    : Result<void>(fail(Errc::bad_syntax, "unknown hook"));
    // What comes after a start that failed must not take its reason away.
    if (arguments[0] == "start-host")
        ops::keep_hook_notes(host->paths, *ctid,
                             {done ? std::nullopt : std::optional(done.error()), out.warnings()});
    if (done)
        return 0;
    out.warning(done.error().what);
    return cli::report("vz-hook", done.error(), io.err);
}

} // namespace

int main(int argc, char** argv) {
    return cli::tool_main("vz-hook", run, argc, argv);
}
