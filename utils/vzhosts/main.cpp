// SPDX-License-Identifier: GPL-2.0-or-later
// vzhosts: the names and addresses of all containers for hosts files, name servers and other machines.
#include "vz/base/json.hpp"
#include "vz/base/text.hpp"
#include "vz/cli/options.hpp"
#include "vz/cli/progress.hpp"
#include "vz/cli/tool.hpp"
#include "vz/config/registry.hpp"
#include "vz/ops/hosts.hpp"
#include "vz/record/record.hpp"

#include <ostream>

using namespace vz;
using cli::Takes;

namespace {

const std::string k_tool = "vzhosts";

cli::Usage usage() {
    cli::Usage usage{
        .tool = k_tool,
        .synopsis =
            {"vzhosts [--format hosts|dnsmasq] [--domain DOMAIN] [--json]",
             "vzhosts --format zone --zone ZONE [--name-server NAME] [--contact NAME] [--domain DOMAIN]",
             "vzhosts --update FILE… [--containers] [--push HOST:PATH]… [--check]"},
        .summary = "Writes the names and addresses of all containers",
        .options = {{"format", 'f', Takes::value, "FORMAT", "hosts (default), dnsmasq or zone"},
                    {"domain", 'd', Takes::value, "DOMAIN", "for host names that have none"},
                    {"update", 'u', Takes::values, "FILE",
                     "bring this file up to date; only lines of ours change"},
                    {"containers", 'c', Takes::nothing, "", "bring /etc/hosts of every container up to date"},
                    {"push", 'p', Takes::values, "HOST:PATH", "copy the output there with rsync over ssh"},
                    {"rsh", 'e', Takes::value, "COMMAND", "with --push: this instead of ssh, as rsync's -e"},
                    {"zone", 'z', Takes::value, "ZONE",
                     "with --format zone: a zone, or a reverse one (….in-addr.arpa)"},
                    {"name-server", 0, Takes::value, "NAME", "with --format zone: default ns.ZONE"},
                    {"contact", 0, Takes::value, "NAME", "with --format zone: default hostmaster.ZONE"},
                    {"check", 'n', Takes::nothing, "",
                     "change nothing; name what would change, and exit 1 if anything"},
                    {"json", 'j', Takes::nothing, "", "the list as JSON"},
                    {"quiet", 'q', Takes::nothing, "", "only errors"}},
        .notes = ""};
    for (auto& option : cli::common_options())
        usage.options.push_back(std::move(option));
    return usage;
}

Result<ops::NamesRequest> request_of(const cli::Parsed& given) {
    ops::NamesRequest request;
    const auto name = given.value("format").value_or("hosts");
    if (name == "dnsmasq")
        request.format = ops::NamesFormat::dnsmasq;
    else if (name == "zone")
        request.format = ops::NamesFormat::zone;
    else if (name != "hosts")
        return fail(Errc::usage, "unknown format {}: hosts, dnsmasq and zone are known",
                    text::printable(name));
    request.zone = given.value("zone").value_or("");
    if (request.format == ops::NamesFormat::zone && request.zone.empty())
        return fail(Errc::usage, "--format zone needs --zone");
    request.name_server = given.value("name-server").value_or("ns." + request.zone);
    request.contact = given.value("contact").value_or("hostmaster." + request.zone);
    VZ_TRY(ops::check_names_request(request));
    return request;
}

struct Job {
    const config::Host& host;
    const cli::Parsed& given;
    ops::NamesRequest request;
    std::vector<ops::NamedContainer> names;
    Reporter& talk;
    cli::Io io;
    bool dry_run = false;
    bool changes = false; // something would change, or has
    bool failed = false;

    void note(const Result<ops::Outcome>& outcome, const std::string& what) {
        if (!outcome) {
            failed = true;
            cli::report(k_tool, outcome.error(), io.err);
        } else if (*outcome == ops::Outcome::changed) {
            changes = true;
            io.out << what << '\n';
        }
    }
};

Json as_json(const std::vector<ops::NamedContainer>& names) {
    Json::Array out;
    for (const auto& one : names)
        out.emplace_back(Json::Object{
            {"ctid", one.ctid.value()}, {"hostname", one.hostname}, {"ip", Json::strings(one.addresses)}});
    return out;
}

void update_containers(Job& job) {
    const auto engine = ops::make_engine(job.host);
    const ops::Context context{job.host, *engine, job.talk};
    const auto ids = config::list_ctids(job.host.paths);
    if (!ids) {
        job.note(ids.error(), "");
        return;
    }
    for (const auto ctid : *ids) {
        auto outcome = ops::update_container_hosts(context, ctid, job.names, job.dry_run);
        job.note(std::move(outcome).context(format("CT {}", ctid.value())), ctid.text());
    }
}

void push(Job& job, const std::string& text) {
    for (const auto& target : job.given.values("push")) {
        const auto sent = ops::push_names(job.host, text, target, job.given.value("rsh").value_or(""));
        if (!sent) {
            job.failed = true;
            cli::report(k_tool, Error(sent.error()).context(text::printable(target)), job.io.err);
        }
    }
}

Result<int> work(Job& job) {
    const bool updates = job.given.has("update") || job.given.has("containers");
    VZ_ASSIGN(const auto text, ops::names_text(job.request, job.names, nullptr));
    if (!updates && job.given.has("check"))
        return fail(Errc::usage, "--check needs --update or --containers");
    for (const auto& path : job.given.values("update"))
        job.note(ops::update_names_file(job.host, job.request, job.names, path, job.dry_run), path);
    if (job.given.has("containers"))
        update_containers(job);
    if (!job.dry_run)
        push(job, text);
    if (job.given.has("json"))
        job.io.out << as_json(job.names).dump(2) << '\n';
    else if (!updates && !job.given.has("push"))
        job.io.out << text;
    if (job.failed)
        return exit_code(Errc::system);
    return job.dry_run && job.changes ? exit_code(Errc::failed) : 0;
}

Result<int> start(const cli::Parsed& given, cli::Io io) {
    if (!given.operands().empty())
        return fail(Errc::usage, "unexpected argument {}", text::printable(given.operands()[0]));
    VZ_ASSIGN(auto request, request_of(given));
    for (const auto& target : given.values("push"))
        VZ_TRY(ops::check_push_target(target));
    VZ_ASSIGN(const auto host, config::Host::load());
    cli::Talker talk(k_tool, io.err, io.err,
                     given.has("quiet") ? cli::Verbosity::quiet : cli::Verbosity::brief, false);
    VZ_ASSIGN(auto names, ops::named_containers(host, given.value("domain").value_or(""), talk));
    Job job{host, given, std::move(request), std::move(names), talk, io, given.has("check")};
    record::Action action(host.paths, record::own_command());
    const auto status = work(job);
    // A run that found nothing to do, as most of a timer's do, is nothing to remember.
    if (!job.dry_run && (job.changes || job.failed || given.has("push")))
        action.end(status ? nullptr : &status.error(), status.value_or(0), talk);
    return status;
}

int run(const cli::Parsed& given, cli::Io io) {
    const auto status = start(given, io);
    if (status)
        return *status;
    return status.error().code == Errc::usage ? cli::report_usage(k_tool, status.error(), io.err)
                                              : cli::report(k_tool, status.error(), io.err);
}

} // namespace

int main(int argc, char** argv) {
    return cli::tool_main(usage(), run, argc, argv);
}
