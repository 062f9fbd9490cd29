// SPDX-License-Identifier: GPL-2.0-or-later
// vzctl: the classic control program. Global flags, then the verb, the container, and the verb's own words.
#include "verbs.hpp"

#include "vz/base/build.hpp"
#include "vz/base/text.hpp"
#include "vz/cli/log.hpp"
#include "vz/cli/progress.hpp"
#include "vz/config/registry.hpp"
#include "vz/record/record.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <ostream>
#include <unistd.h>

using namespace vz;

namespace {

// Info on standard output and bare messages on standard error, as clients expect; all of it in the log file
// too.
class ClassicReporter : public cli::Talker {
public:
    ClassicReporter(cli::Io io, cli::Verbosity verbosity, cli::Log& log, std::string subject)
        : Talker("", io.out, io.err, verbosity, cli::stderr_is_terminal()), m_log(log),
          m_subject(std::move(subject)) {}
    void info(std::string_view text) override {
        m_log.write(m_subject, text);
        Talker::info(text);
    }
    void warning(std::string_view text) override {
        m_log.error(m_subject, text);
        Talker::warning(text);
    }

private:
    cli::Log& m_log;
    std::string m_subject;
};

struct Global {
    cli::Verbosity verbosity = cli::Verbosity::normal;
    bool skip_lock = false;
    bool help = false;
    bool version = false;
    std::vector<std::string> rest; // from the verb on
};

Result<Global> parse_global(const std::vector<std::string>& arguments) {
    Global global;
    auto at = arguments.begin();
    for (; at != arguments.end() && !at->empty() && at->front() == '-'; ++at) {
        if (*at == "--quiet" || *at == "-q")
            global.verbosity = cli::Verbosity::quiet;
        else if (*at == "--verbose" || *at == "-v")
            global.verbosity = cli::Verbosity::verbose;
        else if (*at == "--skiplock")
            global.skip_lock = true;
        else if (*at == "--help" || *at == "-h")
            global.help = true;
        else if (*at == "--version" || *at == "-V")
            global.version = true;
        else
            return fail(Errc::bad_syntax, "Invalid option {}", text::printable(*at));
    }
    global.rest.assign(at, arguments.end());
    return global;
}

std::string version_line() {
    return format("vzctl version {}\n", VZ_VERSION);
}

std::string help_text() {
    std::string out = version_line() +
                      "\nUsage: vzctl [--quiet|--verbose] [--skiplock] VERB CTID|NAME [options]\n\n"
                      "Controls the containers of this host.\n\nVerbs:\n";
    for (const auto& verb : vzctl::verbs())
        out += format("  {:9} CTID {:26} {}\n", verb.name, verb.synopsis, verb.summary);
    return out + "\nvzctl VERB --help tells more about a verb. See also vzctl(8), vzcreate(8), vzlist(8).\n";
}

std::string verb_help(const vzctl::Verb& verb) {
    std::string summary(verb.summary);
    summary.front() = static_cast<char>(std::toupper(summary.front()));
    return cli::help_text(
        {"vzctl",
         {format("vzctl {} CTID|NAME{}{}", verb.name, verb.synopsis.empty() ? "" : " ", verb.synopsis)},
         summary,
         verb.options(),
         ""});
}

bool asks_for_help(const vzctl::Verb& verb, const std::vector<std::string>& rest) {
    const auto end =
        verb.takes_command ? rest.begin() + std::min<long>(2, static_cast<long>(rest.size())) : rest.end();
    return std::find(rest.begin() + 1, end, "--help") != end;
}

// What somebody gave as a value may be a megabyte.
std::string shown(const Error& error) {
    constexpr std::size_t k_longest = 1000;
    const std::string_view what = error.what;
    return what.size() <= k_longest ? text::printable(what)
                                    : text::printable(what.substr(0, k_longest)) + "...";
}

int fail_with(const Error& error, cli::Verbosity verbosity, cli::Io io) {
    if (verbosity != cli::Verbosity::quiet)
        io.err << shown(error) << '\n' << std::flush;
    return exit_code(error.code);
}

Result<config::Ctid> container_of(const vzctl::Verb& verb, const std::vector<std::string>& rest) {
    if (rest.size() < 2)
        return fail(Errc::bad_value, "CT ID missing");
    VZ_ASSIGN(const auto ctid, config::resolve(config::HostPaths::from_environment(), rest[1]));
    if (ctid.is_host() && !verb.on_host)
        return fail(Errc::bad_value, "CT ID 0 is the host itself; only set knows it");
    return ctid;
}

// What is kept of a call in the journal; nothing for what only shows. A command for a shell may hold
// passwords anywhere, and monitoring runs one a minute: it is kept on request only, and without its words.
std::optional<std::vector<std::string>> words_to_keep(const vzctl::Verb& verb, const Global& global,
                                                      const config::Host& host) {
    constexpr std::array k_only_show = {"status", "check", "snapshot-list", "quotastat"};
    if (std::find(k_only_show.begin(), k_only_show.end(), verb.name) != k_only_show.end())
        return std::nullopt;
    const auto parsed = vzctl::parse_options(verb, {global.rest.begin() + 2, global.rest.end()});
    if (parsed && parsed->has("dry-run"))
        return std::nullopt;
    std::vector<std::string> words{"vzctl"};
    words.insert(words.end(), global.rest.begin(), global.rest.end());
    if (verb.name.substr(0, 4) != "exec")
        return words;
    words.resize(std::min<std::size_t>(words.size(), 3));
    words.emplace_back("...");
    return host.get("HISTORY_EXEC") == "yes" ? std::optional(words) : std::nullopt;
}

Result<int> call_verb(const vzctl::Verb& verb, const Global& global, config::Ctid ctid, cli::Io io) {
    VZ_ASSIGN(const auto host, config::Host::load());
    if (::geteuid() != 0 && verb.name != "status")
        return fail(Errc::no_permission, "only root may do that; try sudo vzctl");
    cli::Log log(host.log_file(), "vzctl");
    const auto subject = "CT " + ctid.text();
    ClassicReporter out(io, global.verbosity, log, subject);
    const auto engine = ops::make_engine(host);
    ops::Context context{host, *engine, out, global.skip_lock};
    const auto work = [&]() -> Result<int> {
        VZ_TRY(ops::check_ready(context, ctid, verb.needs));
        return verb.run({context, ctid, {global.rest.begin() + 2, global.rest.end()}, io});
    };
    std::optional<record::Action> action;
    if (auto words = words_to_keep(verb, global, host))
        action.emplace(host.paths, *std::move(words));
    auto status = work();
    // What was not understood may be a password in the wrong place.
    if (!status && status.error().code != Errc::bad_syntax)
        log.error(subject, shown(status.error()));
    if (!action)
        return status;
    action->concerns(ctid);
    if (verb.name == "destroy")
        action->wants_sync();
    action->end(status ? nullptr : &status.error(), status.value_or(0), out);
    return status;
}

int run(const std::vector<std::string>& arguments, cli::Io io) {
    const auto global = parse_global(arguments);
    if (!global)
        return fail_with(global.error(), cli::Verbosity::normal, io);
    if (global->version || global->help) {
        io.out << (global->version ? version_line() : help_text());
        return 0;
    }
    if (global->rest.empty()) {
        io.err << help_text();
        return exit_code(Errc::bad_syntax);
    }
    const auto* verb = vzctl::find_verb(global->rest[0]);
    if (!verb)
        return fail_with(fail(Errc::bad_syntax, "Bad command: {}", text::printable(global->rest[0])),
                         global->verbosity, io);
    if (asks_for_help(*verb, global->rest)) {
        io.out << verb_help(*verb);
        return 0;
    }
    const auto ctid = container_of(*verb, global->rest);
    if (!ctid)
        return fail_with(ctid.error(), global->verbosity, io);
    const auto status = call_verb(*verb, *global, *ctid, io);
    return status ? *status : fail_with(status.error(), global->verbosity, io);
}

} // namespace

int main(int argc, char** argv) {
    return cli::tool_main("vzctl", run, argc, argv);
}
