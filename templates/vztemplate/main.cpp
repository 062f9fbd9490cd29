// SPDX-License-Identifier: GPL-2.0-or-later
// vztemplate: makes, gets, lists, checks and removes the templates that containers are made of.
#include "verbs.hpp"

#include "vz/base/build.hpp"
#include "vz/base/text.hpp"
#include "vz/cli/ids.hpp"
#include "vz/cli/progress.hpp"
#include "vz/record/record.hpp"

#include <algorithm>
#include <array>
#include <ostream>

using namespace vz;
using cli::Takes;

namespace {

using vztemplate::k_tool;

struct VerbInfo {
    const char* name;
    vztemplate::Verb run;
    bool needs_names;
    bool changes = true;
};

constexpr std::array k_verbs{
    VerbInfo{"build", vztemplate::build, false},     VerbInfo{"list", vztemplate::list, false, false},
    VerbInfo{"info", vztemplate::info, true, false}, VerbInfo{"verify", vztemplate::verify, true, false},
    VerbInfo{"remove", vztemplate::remove, true},    VerbInfo{"import", vztemplate::import, true},
    VerbInfo{"fetch", vztemplate::fetch, true},
};

cli::Usage usage() {
    cli::Usage usage{
        k_tool,
        {"vztemplate build NAME… | --all  [--mirror URI] [--no-updates] [--keyring FILE] [--force]",
         "vztemplate list [--recipes] [-H] [-o FIELDS] [--json]", "vztemplate info NAME… [--json]",
         "vztemplate verify NAME…", "vztemplate remove NAME… [--dry-run]",
         "vztemplate import FILE|FOLDER [--name NAME]",
         "vztemplate fetch URL [--name NAME] [--sha256 SUM] [--keyring FILE | --no-signature]"},
        "Make, get, list, check and remove the templates that containers are made of",
        {{"all", 0, Takes::nothing, "", "build: every recipe"},
         {"force", 'f', Takes::nothing, "", "build: also what is there already"},
         {"mirror", 0, Takes::value, "URI",
          "build: packages from this mirror, not from those of the host's apt"},
         {"no-updates", 0, Takes::nothing, "", "build: the release alone, without updates to it"},
         {"keyring", 0, Takes::values, "FILE", "build, fetch: trusted keys; may be repeated"},
         {"recipe-dir", 0, Takes::value, "FOLDER", "build, list: look for recipes here first"},
         {"recipes", 0, Takes::nothing, "", "list: the recipes that can be built"},
         {"name", 0, Takes::value, "NAME", "import, fetch: name of the template"},
         {"sha256", 0, Takes::value, "SUM", "fetch: checksum of the archive, else from URL.sha256"},
         {"no-signature", 0, Takes::nothing, "", "fetch: trust the checksum alone"},
         {"dry-run", 'n', Takes::nothing, "", "remove: say which files would go"},
         {"output", 'o', Takes::value, "FIELDS", "list: these fields, separated by commas"},
         {"no-header", 'H', Takes::nothing, "", "list: no header line"},
         {"json", 'j', Takes::nothing, "", "list, info: as JSON"},
         {"null", '0', Takes::nothing, "", "names read for the operand - end with NUL"},
         {"quiet", 'q', Takes::nothing, "", "only errors"},
         {"verbose", 'v', Takes::nothing, "", "also what mmdebstrap says"}},
        "A NAME of - stands for the names on standard input. Names that succeeded are printed.\n"};
    for (auto& option : cli::common_options())
        usage.options.push_back(std::move(option));
    return usage;
}

std::string unknown_verb(const std::string& verb) {
    std::vector<std::string> known;
    for (const auto& info : k_verbs)
        known.emplace_back(info.name);
    const auto near = cli::nearest(verb, known);
    return format("unknown command {}{}", verb, near ? format(", did you mean {}?", *near) : "");
}

std::vector<std::string> recipe_folders(const config::Host& host, const cli::Parsed& options) {
    std::vector<std::string> out;
    if (const auto folder = options.value("recipe-dir"))
        out.push_back(*folder);
    out.push_back(host.paths.prefix + "/etc/vz/recipes");
    out.push_back(host.paths.prefix + VZ_DATA_DIR "/recipes");
    return out;
}

cli::Verbosity verbosity(const cli::Parsed& options) {
    return options.has("quiet")     ? cli::Verbosity::quiet
           : options.has("verbose") ? cli::Verbosity::verbose
                                    : cli::Verbosity::normal;
}

Result<std::vector<std::string>> names_of(const cli::Parsed& options, cli::Io io) {
    const auto& operands = options.operands();
    return cli::expand_ids({operands.begin() + 1, operands.end()}, io.in,
                           options.has("null") ? cli::Separator::nul : cli::Separator::white_space);
}

int call_verb(const VerbInfo& verb, const cli::Parsed& options, cli::Io io) {
    const auto names = names_of(options, io);
    if (!names)
        return cli::report_usage(k_tool, names.error(), io.err);
    if (verb.needs_names && options.operands().size() < 2)
        return cli::report_usage(k_tool, fail(Errc::usage, "{} needs a name", verb.name), io.err);
    const auto host = config::Host::load();
    if (!host)
        return cli::report(k_tool, host.error(), io.err);
    cli::Talker talker(k_tool, io.err, io.err, verbosity(options), cli::stderr_is_terminal());
    record::Action action(host->paths, record::own_command());
    const int status =
        verb.run({*host, templates::Store(host->template_dir()),
                  templates::RecipeBook(recipe_folders(*host, options)), options, *names, talker, io});
    if (!verb.changes || options.has("dry-run") || status == exit_code(Errc::usage))
        return status;
    action.wants_sync();
    action.end(nullptr, status, talker);
    return status;
}

int run(const cli::Parsed& options, cli::Io io) {
    if (options.operands().empty())
        return cli::report_usage(k_tool, fail(Errc::usage, "no command given"), io.err);
    const auto& name = options.operands()[0];
    const auto* verb =
        std::find_if(k_verbs.begin(), k_verbs.end(), [&](const auto& v) { return v.name == name; });
    if (verb == k_verbs.end())
        return cli::report_usage(k_tool, fail(Errc::usage, "{}", unknown_verb(name)), io.err);
    return call_verb(*verb, options, io);
}

} // namespace

int main(int argc, char** argv) {
    return cli::tool_main(usage(), run, argc, argv);
}
