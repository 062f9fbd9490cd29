// SPDX-License-Identifier: GPL-2.0-or-later
// vzfirewall: who may connect to a container, and to whom it may connect.
#include "vz/base/text.hpp"
#include "vz/cli/ids.hpp"
#include "vz/cli/options.hpp"
#include "vz/cli/progress.hpp"
#include "vz/cli/table.hpp"
#include "vz/cli/tool.hpp"
#include "vz/config/registry.hpp"
#include "vz/ops/firewall.hpp"
#include "vz/record/record.hpp"

#include <algorithm>
#include <array>
#include <ostream>

using namespace vz;
using cli::Takes;

namespace {

const std::string k_tool = "vzfirewall";

cli::Usage usage() {
    cli::Usage usage{
        .tool = k_tool,
        .synopsis = {"vzfirewall show [CTID|NAME|-]… [-H] [--json]", "vzfirewall add CTID|NAME [--out] RULE…",
                     "vzfirewall del CTID|NAME [--out] RULE…",
                     "vzfirewall set CTID|NAME [--out] [--policy drop|accept] [RULE]…",
                     "vzfirewall test [CTID|NAME|-]…", "vzfirewall reload [CTID|NAME|-]…"},
        .summary = "Shows, changes, tries and reloads the rules of containers",
        .options = {{"out", 'o', Takes::nothing, "", "add, del, set: rules for what the container sends"},
                    {"policy", 'p', Takes::value, "drop|accept",
                     "set: what happens to all the rest; \"\" for none"},
                    {"no-header", 'H', Takes::nothing, "", "show: no line of headers"},
                    {"json", 'j', Takes::nothing, "", "show: as JSON"},
                    {"null", '0', Takes::nothing, "", "ids read for the operand - end with NUL"},
                    {"quiet", 'q', Takes::nothing, "", "only errors"}},
        .notes = "A RULE is [!]PROTOCOL[:PORTS][@NETWORK]: tcp:80,443  tcp:22@192.0.2.0/24  icmp  !tcp:25\n"};
    for (auto& option : cli::common_options())
        usage.options.push_back(std::move(option));
    return usage;
}

struct Call {
    const config::Host& host;
    const cli::Parsed& given;
    std::vector<std::string> operands; // behind the verb
    cli::Io io;
    record::Action& action; // kept only for verbs that change something
};

cli::Talker talker(const Call& call) {
    const auto verbosity = call.given.has("quiet") ? cli::Verbosity::quiet : cli::Verbosity::brief;
    return {k_tool, call.io.err, call.io.err, verbosity, false};
}

Result<config::Ctid> container_of(const Call& call, const std::string& word) {
    VZ_ASSIGN(const auto ctid, config::resolve(call.host.paths, word));
    if (ctid.is_host())
        return fail(Errc::bad_value, "the host is no container");
    return ctid;
}

// The containers that are named, or all.
Result<std::vector<config::Ctid>> containers_of(const Call& call) {
    if (call.operands.empty())
        return config::list_ctids(call.host.paths);
    const auto separator = call.given.has("null") ? cli::Separator::nul : cli::Separator::white_space;
    VZ_ASSIGN(const auto words, cli::expand_ids(call.operands, call.io.in, separator));
    std::vector<config::Ctid> ids;
    for (const auto& word : words) {
        VZ_ASSIGN(const auto ctid, container_of(call, word));
        ids.push_back(ctid);
    }
    return ids;
}

// Calls `work` for each container and goes on after a failure: 3 if some of several failed.
template<class Work>
Result<int> for_each(const Call& call, Work work) {
    VZ_ASSIGN(const auto ids, containers_of(call));
    if (ids.size() == 1)
        call.action.concerns(ids[0]);
    int status = 0;
    for (const auto ctid : ids) {
        const Result<void> done = work(ctid);
        if (done)
            continue;
        auto error = done.error();
        status = ids.size() == 1 ? exit_code(error.code) : exit_code(Errc::system);
        cli::report(k_tool, std::move(error).context(format("CT {}", ctid.value())), call.io.err);
    }
    return status;
}

// ---- show ----

struct Row {
    config::Ctid ctid;
    ops::FirewallLine line;
};

std::string or_any(const std::string& text) {
    return text.empty() ? "any" : text;
}

std::vector<cli::Column<Row>> columns() {
    const auto text = [](std::string key, std::string header, int width, auto get) {
        return cli::Column<Row>{
            {std::move(key), std::move(header), width, cli::Align::left, ""}, get, nullptr};
    };
    return {{{"ctid", "CTID", 10, cli::Align::right, ""},
             [](const Row& row) { return row.ctid.text(); },
             nullptr},
            text("direction", "DIRECTION", 9, [](const Row& row) { return row.line.out ? "out" : "in"; }),
            text("action", "ACTION", 6, [](const Row& row) { return row.line.accept ? "accept" : "drop"; }),
            text("protocol", "PROTOCOL", 8, [](const Row& row) { return row.line.protocol; }),
            text("ports", "PORTS", 15, [](const Row& row) { return or_any(row.line.ports); }),
            text("network", "NETWORK", 20, [](const Row& row) { return or_any(row.line.network); })};
}

Json rule_json(const ops::FirewallLine& line) {
    return Json::Object{{"action", line.accept ? "accept" : "drop"},
                        {"protocol", line.protocol},
                        {"ports", line.ports.empty() ? Json() : Json(line.ports)},
                        {"network", line.network.empty() ? Json() : Json(line.network)},
                        {"rule", line.text}};
}

Json direction_json(const ops::FirewallState& state, bool out) {
    Json::Array rules;
    std::string policy;
    for (const auto& line : state.lines) {
        if (line.out != out)
            continue;
        if (line.is_policy)
            policy = line.accept ? "accept" : "drop";
        else
            rules.push_back(rule_json(line));
    }
    return Json::Object{{"policy", policy}, {"rules", std::move(rules)}};
}

Json state_json(const ops::FirewallState& state) {
    return Json::Object{{"ctid", state.ctid.value()},
                        {"open", state.open},
                        {"loaded", state.running && !state.open},
                        {"in", direction_json(state, false)},
                        {"out", direction_json(state, true)}};
}

Result<int> show(const Call& call) {
    std::vector<Row> rows;
    Json::Array objects;
    VZ_ASSIGN(const int status, for_each(call, [&](config::Ctid ctid) -> Result<void> {
                  VZ_ASSIGN(const auto state, ops::firewall_state(call.host, ctid));
                  objects.push_back(state_json(state));
                  for (const auto& line : state.lines)
                      rows.push_back({ctid, line});
                  return {};
              }));
    if (call.given.has("json"))
        call.io.out << Json(std::move(objects)).dump(2) << '\n';
    else
        call.io.out << cli::table_text(columns(), rows, {.header = !call.given.has("no-header")});
    return status;
}

// ---- the others ----

Result<int> change(const Call& call, ops::FirewallEdit::Kind kind) {
    if (call.operands.empty())
        return fail(Errc::usage, "a container is missing");
    VZ_ASSIGN(const auto ctid, container_of(call, call.operands[0]));
    call.action.concerns(ctid);
    ops::FirewallEdit edit;
    edit.kind = kind;
    edit.out = call.given.has("out");
    edit.rules.assign(call.operands.begin() + 1, call.operands.end());
    edit.policy = call.given.value("policy");
    if (edit.rules.empty() && kind != ops::FirewallEdit::Kind::replace)
        return fail(Errc::usage, "a rule is missing");
    ops::SetRequest request;
    request.firewall = std::move(edit);
    request.save = true;
    auto talk = talker(call);
    const auto engine = ops::make_engine(call.host);
    VZ_TRY(ops::set({call.host, *engine, talk}, ctid, std::move(request)));
    return 0;
}

Result<int> add(const Call& call) {
    return change(call, ops::FirewallEdit::Kind::add);
}

Result<int> del(const Call& call) {
    return change(call, ops::FirewallEdit::Kind::remove);
}

Result<int> set(const Call& call) {
    return change(call, ops::FirewallEdit::Kind::replace);
}

Result<int> test(const Call& call) {
    return for_each(call, [&](config::Ctid ctid) -> Result<void> {
        VZ_ASSIGN(const auto rules, ops::try_firewall(call.host, ctid));
        call.io.out << "# container " << ctid.value() << '\n' << rules;
        return {};
    });
}

Result<int> reload(const Call& call) {
    const bool all = call.operands.empty();
    auto talk = talker(call);
    const auto engine = ops::make_engine(call.host);
    const ops::Context context{call.host, *engine, talk};
    return for_each(call, [&](config::Ctid ctid) -> Result<void> {
        VZ_ASSIGN(const bool runs, ops::reload_firewall(context, ctid));
        if (!runs && !all)
            return fail(Errc::not_running, "Container is not running");
        return {};
    });
}

struct Verb {
    std::string_view name;
    Result<int> (*run)(const Call& call);
    bool changes; // something, and is kept in the history
};
constexpr std::array k_verbs = {Verb{"show", show, false}, Verb{"add", add, true},
                                Verb{"del", del, true},    Verb{"set", set, true},
                                Verb{"test", test, false}, Verb{"reload", reload, true}};

Error unknown(const std::string& verb) {
    std::vector<std::string> known;
    for (const auto& one : k_verbs)
        known.emplace_back(one.name);
    const auto near = cli::nearest(verb, known);
    return fail(Errc::usage, "unknown command {}{}", text::printable(verb),
                near ? format(", did you mean {}?", *near) : "");
}

Result<int> carry_out(const Verb& verb, const Call& call) {
    const auto status = verb.run(call);
    if (verb.changes) {
        auto talk = talker(call);
        call.action.end(status ? nullptr : &status.error(), status.value_or(0), talk);
    }
    return status;
}

int run(const cli::Parsed& given, cli::Io io) {
    if (given.operands().empty())
        return cli::report_usage(k_tool, fail(Errc::usage, "no command given"), io.err);
    const auto& name = given.operands()[0];
    const auto* verb =
        std::find_if(k_verbs.begin(), k_verbs.end(), [&](const Verb& v) { return v.name == name; });
    if (verb == k_verbs.end())
        return cli::report_usage(k_tool, unknown(name), io.err);
    const auto host = config::Host::load();
    if (!host)
        return cli::report(k_tool, host.error(), io.err);
    record::Action action(host->paths, record::own_command());
    const auto status =
        carry_out(*verb, {*host, given, {given.operands().begin() + 1, given.operands().end()}, io, action});
    if (status)
        return *status;
    return status.error().code == Errc::usage ? cli::report_usage(k_tool, status.error(), io.err)
                                              : cli::report(k_tool, status.error(), io.err);
}

} // namespace

int main(int argc, char** argv) {
    return cli::tool_main(usage(), run, argc, argv);
}
