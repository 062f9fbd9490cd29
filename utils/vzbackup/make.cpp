// SPDX-License-Identifier: GPL-2.0-or-later
// Backups of several containers, one after the other, and the report about them.
#include "verbs.hpp"

#include "vz/base/build.hpp"
#include "vz/base/text.hpp"
#include "vz/cli/log.hpp"
#include "vz/config/registry.hpp"
#include "vz/ops/backup.hpp"
#include "vz/record/record.hpp"
#include "vz/sys/process.hpp"

#include <algorithm>
#include <chrono>
#include <ostream>
#include <unistd.h>

namespace vz::vzbackup {

namespace {

using backup::Mode;

// As vzdump: what programs keep only as long as they run.
const std::vector<std::string> k_standard_excludes{"/tmp/*", "/var/tmp/*", "/run/*", "/var/run/*.pid",
                                                   "/var/cache/apt/archives/*.deb"};

struct Outcome {
    config::Ctid ctid;
    double seconds = 0;
    Result<ops::BackupDone> done;
};

Result<Mode> mode_of(const cli::Parsed& given) {
    for (const auto mode : {Mode::stop, Mode::suspend, Mode::snapshot})
        if (given.has(backup::mode_name(mode)))
            return mode;
    const auto word = given.value("mode").value_or("snapshot");
    const auto mode = backup::parse_mode(word);
    return mode && *mode != Mode::checkpoint
               ? Result<Mode>(*mode)
               : fail(Errc::usage, "--mode: snapshot, suspend or stop expected, not {}",
                      text::printable(word));
}

Result<void> call_script(const Call& call, std::vector<std::string> words,
                         std::vector<std::string> environment) {
    const auto program = call.given.value("script");
    if (!program)
        return {};
    const auto phase = words[0];
    words.insert(words.begin(), *program);
    sys::Command command(std::move(words));
    command.environment = {"VMTYPE=openvz", "DUMPDIR=" + call.depot.folder(),
                           "LOGFILE=" + call.host.log_file()};
    command.environment.insert(command.environment.end(), environment.begin(), environment.end());
    command.output_fd = STDERR_FILENO; // ours has ids
    command.err = sys::Command::Output::inherit;
    VZ_ASSIGN(const auto exited, sys::run(command));
    return exited.status == 0 ? Result<void>()
                              : fail(Errc::failed, "{} {}: exit status {}", *program, phase, exited.status);
}

// vzdump(1): PROGRAM PHASE MODE CTID, and a few words in the environment.
ops::BackupHook hook_of(const Call& call) {
    return [&call](const ops::BackupPhase& phase) {
        return call_script(
            call, {std::string(phase.name), std::string(backup::mode_name(phase.mode)), phase.ctid.text()},
            {"HOSTNAME=" + phase.hostname, "TARFILE=" + phase.archive, "TARGET=" + phase.archive});
    };
}

// Of the whole run, around all containers: PROGRAM PHASE.
Result<void> job_phase(const Call& call, std::string_view phase) {
    return call_script(call, {std::string(phase)}, {});
}

Result<ops::BackupRequest> request_of(const Call& call) {
    const auto& given = call.given;
    ops::BackupRequest request;
    VZ_ASSIGN(request.mode, mode_of(given));
    VZ_ASSIGN(request.retention, retention_of(given));
    VZ_ASSIGN(const auto full_every, number_of(given, "full-every", request.full_every));
    VZ_ASSIGN(const auto rate, number_of(given, "bwlimit", 0));
    VZ_ASSIGN(request.patience, patience_of(given));
    request.full = given.has("full");
    request.full_every = static_cast<unsigned>(full_every);
    request.bytes_per_second = rate * 1024;
    request.exclude = given.values("exclude-path");
    if (given.has("stdexcludes"))
        request.exclude.insert(request.exclude.end(), k_standard_excludes.begin(), k_standard_excludes.end());
    request.hook = hook_of(call);
    request.tool = format("{} {}", k_tool, VZ_VERSION);
    return request;
}

Result<std::vector<config::Ctid>> resolve_all(const Call& call, const std::vector<std::string>& words) {
    std::vector<config::Ctid> out;
    for (const auto& word : words) {
        VZ_ASSIGN(const auto ctid, config::resolve(call.host.paths, word));
        out.push_back(ctid);
    }
    return out;
}

Result<std::vector<config::Ctid>> chosen(const Call& call) {
    const bool all = call.given.has("all") || call.given.has("exclude");
    if (all == !call.given.operands().empty())
        return fail(Errc::usage, "{}",
                    all ? "either --all or containers" : "which containers? --all for all of them");
    if (!all)
        return resolve_all(call, call.words);
    VZ_ASSIGN(auto ctids, config::list_ctids(call.host.paths));
    VZ_ASSIGN(const auto without, resolve_all(call, call.given.values("exclude")));
    ctids.erase(std::remove_if(ctids.begin(), ctids.end(),
                               [&](const auto ctid) {
                                   return std::find(without.begin(), without.end(), ctid) != without.end();
                               }),
                ctids.end());
    return ctids;
}

Json json_of(const Outcome& outcome) {
    Json json;
    json.set("ctid", outcome.ctid.value());
    json.set("status", outcome.done ? 0 : exit_code(outcome.done.error().code));
    json.set("seconds", outcome.seconds);
    if (!outcome.done) {
        json.set("error", outcome.done.error().what);
        return json;
    }
    const auto& head = outcome.done->head;
    json.set("id", head.id);
    json.set("mode", backup::mode_name(head.mode));
    json.set("base", head.base.empty() ? Json() : Json(head.base));
    json.set("entries", head.entries);
    json.set("bytes", head.bytes);
    json.set("bytes_read", head.bytes_read);
    json.set("bytes_stored", stored_size(head));
    json.set("frozen_ms", head.frozen_ms);
    json.set("pruned", Json::strings(outcome.done->pruned));
    return json;
}

std::string line_of(const Outcome& outcome) {
    const auto time =
        format("{}:{:02}", static_cast<int>(outcome.seconds) / 60, static_cast<int>(outcome.seconds) % 60);
    if (!outcome.done)
        return format("{:>10} {:<8} {:>6} {:>9} {}\n", outcome.ctid.value(), "failed", time, "-",
                      outcome.done.error().what);
    const auto& head = outcome.done->head;
    return format("{:>10} {:<8} {:>6} {:>9.1f} {}\n", outcome.ctid.value(), "ok", time,
                  static_cast<double>(stored_size(head)) / 1e6, head.id);
}

void tell(const Call& call, const Outcome& outcome) {
    if (call.given.has("json"))
        call.io.out << json_of(outcome).dump() << '\n' << std::flush;
    else if (outcome.done)
        call.io.out << outcome.done->head.id << '\n' << std::flush;
    if (!outcome.done)
        cli::report(k_tool, Error(outcome.done.error()).context("CT " + outcome.ctid.text()), call.io.err);
}

std::string host_name() {
    char name[256] = "";
    return ::gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

Result<void> mail(const Call& call, const std::vector<Outcome>& outcomes, bool failed) {
    const auto to = call.given.values("mailto");
    if (to.empty() || (call.given.has("mail-error-only") && !failed))
        return {};
    for (const auto& address : to)
        if (text::has_control(address) || address.empty())
            return fail(Errc::usage, "--mailto: not an address: {}", text::printable(address));
    std::string text = format("To: {}\nSubject: vzbackup status ({}) : backup {}\nMIME-Version: 1.0\n"
                              "Content-Type: text/plain; charset=utf-8\nAuto-Submitted: auto-generated\n\n",
                              text::join(to, ", "), host_name(), failed ? "failed" : "successful");
    text += format("{:>10} {:<8} {:>6} {:>9} {}\n", "CTID", "STATUS", "TIME", "SIZE MB", "BACKUP");
    for (const auto& outcome : outcomes)
        text += line_of(outcome);
    sys::Command command({"sendmail", "-t", "-i"});
    command.input = std::move(text);
    VZ_TRY(sys::run_checked(command).context("mail the report"));
    return {};
}

Outcome back_up(const Call& call, config::Ctid ctid, const ops::BackupRequest& request) {
    const auto begin = std::chrono::steady_clock::now();
    const auto engine = ops::make_engine(call.host);
    record::Action action(call.host.paths, record::own_command());
    action.concerns(ctid);
    Outcome out{ctid, 0, ops::back_up({call.host, *engine, call.out}, call.depot, ctid, request)};
    out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    action.end(out.done, call.out);
    return out;
}

// One after the other; the exit status.
int back_up_all(const Call& call, const std::vector<config::Ctid>& ctids, const ops::BackupRequest& request,
                std::vector<Outcome>& outcomes) {
    cli::Log log(call.host.log_file(), k_tool);
    int status = 0;
    for (const auto ctid : ctids) {
        call.out.info(format("Backing up {}", ctid.value()));
        outcomes.push_back(back_up(call, ctid, request));
        const auto& outcome = outcomes.back();
        tell(call, outcome);
        log.write("CT " + ctid.text(),
                  outcome.done ? "backed up: " + outcome.done->head.id : outcome.done.error().what);
        if (!outcome.done)
            status = ctids.size() == 1 ? exit_code(outcome.done.error().code) : exit_code(Errc::system);
    }
    return status;
}

// As vzdump: a container that fails does not end the job, a script that does ends it.
Result<int> run_job(const Call& call, const std::vector<config::Ctid>& ctids,
                    const ops::BackupRequest& request, std::vector<Outcome>& outcomes) {
    VZ_TRY(job_phase(call, "job-start"));
    const int status = back_up_all(call, ctids, request, outcomes);
    VZ_TRY(job_phase(call, "job-end"));
    return status;
}

} // namespace

int make(const Call& call) {
    const auto request = request_of(call);
    const auto ctids = chosen(call);
    for (const Error* error : {request ? nullptr : &request.error(), ctids ? nullptr : &ctids.error()})
        if (error)
            return error->code == Errc::usage ? cli::report_usage(k_tool, *error, call.io.err)
                                              : cli::report(k_tool, *error, call.io.err);
    if (::geteuid() != 0)
        return cli::report(k_tool, fail(Errc::no_permission, "only root may do that; try sudo vzbackup"),
                           call.io.err);
    std::vector<Outcome> outcomes;
    const auto done = run_job(call, *ctids, *request, outcomes);
    if (!done) {
        (void)job_phase(call, "job-abort");
        cli::report(k_tool, done.error(), call.io.err);
    }
    const int status = done ? *done : exit_code(done.error().code);
    if (const auto sent = mail(call, outcomes, status != 0); !sent)
        return cli::report(k_tool, sent.error(), call.io.err);
    return status;
}

} // namespace vz::vzbackup
