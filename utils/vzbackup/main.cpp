// SPDX-License-Identifier: GPL-2.0-or-later
// vzbackup: makes backups of containers, lists and verifies them, and removes those that are too old.
#include "verbs.hpp"

#include "vz/base/text.hpp"
#include "vz/cli/ids.hpp"
#include "vz/cli/progress.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>
#include <array>

using namespace vz;
using cli::Takes;
using vzbackup::k_tool;

namespace {

struct VerbInfo {
    const char* name;
    vzbackup::Verb run;
    bool needs_words;
};

constexpr std::array k_verbs{
    VerbInfo{"list", vzbackup::list, false},    VerbInfo{"info", vzbackup::info, true},
    VerbInfo{"remove", vzbackup::remove, true}, VerbInfo{"prune", vzbackup::prune, false},
    VerbInfo{"verify", vzbackup::verify, true}, VerbInfo{"consolidate", vzbackup::consolidate, true},
    VerbInfo{"diff", vzbackup::diff, true},     VerbInfo{"mount", vzbackup::mount, true},
    VerbInfo{"umount", vzbackup::umount, true}};

std::vector<cli::Option> options() {
    return {{"all", 'a', Takes::nothing, "", "all containers"},
            {"exclude", 'x', Takes::values, "CTID", "all but this one; may be repeated"},
            {"dumpdir", 'd', Takes::value, "FOLDER", "where backups lie, instead of DUMPDIR of vz.conf"},
            {"mode", 'm', Takes::value, "MODE", "snapshot (the default), suspend or stop"},
            {"stop", 0, Takes::nothing, "", "as --mode stop"},
            {"suspend", 0, Takes::nothing, "", "as --mode suspend"},
            {"snapshot", 0, Takes::nothing, "", "as --mode snapshot"},
            {"full", 'f', Takes::nothing, "", "read and keep everything, not only what has changed"},
            {"full-every", 0, Takes::value, "N", "a full backup after N that go on from one another (30)"},
            {"exclude-path", 0, Takes::values, "PATTERN", "leave out what has such a path, and all below"},
            {"stdexcludes", 0, Takes::nothing, "", "leave out temporary files and those of running programs"},
            {"bwlimit", 0, Takes::value, "KB/S", "read no faster than that"},
            {"lockwait", 0, Takes::value, "MINUTES", "wait for other work on the container (180)"},
            {"script", 0, Takes::value, "PROGRAM", "call it at each phase, as vzdump did"},
            {"mailto", 0, Takes::values, "ADDRESS", "mail a report; may be repeated"},
            {"mail-error-only", 0, Takes::nothing, "", "mail only if a backup has failed"},
            {"keep-last", 0, Takes::value, "N", "keep the last N backups of each container"},
            {"keep-hourly", 0, Takes::value, "N", "keep one of each of the last N hours that have any"},
            {"keep-daily", 0, Takes::value, "N", "the same of days"},
            {"keep-weekly", 0, Takes::value, "N", "the same of weeks"},
            {"keep-monthly", 0, Takes::value, "N", "the same of months"},
            {"keep-yearly", 0, Takes::value, "N", "the same of years"},
            {"maxfiles", 0, Takes::value, "N", "as --keep-last, vzdump's word for it"},
            {"dry-run", 'n', Takes::nothing, "", "remove, prune: say which backups would go"},
            {"no-header", 'H', Takes::nothing, "", "list: no line of headers"},
            {"output", 'o', Takes::value, "COLUMNS", "list: these columns, separated by commas"},
            {"json", 'j', Takes::nothing, "", "one JSON object a backup"},
            {"null", '0', Takes::nothing, "",
             "ids read for \"-\" end in NUL; diff: each line printed does, and names are as they are"},
            {"quiet", 'q', Takes::nothing, "", "only errors"}};
}

cli::Usage usage() {
    cli::Usage usage{
        k_tool,
        {"vzbackup [OPTIONS] CTID|NAME|-… | --all [--exclude CTID]…",
         "vzbackup list [CTID]… [-H] [-o COLUMNS] [--json]", "vzbackup info BACKUP… [--json]",
         "vzbackup verify BACKUP…", "vzbackup consolidate BACKUP…", "vzbackup diff BACKUP [BACKUP]",
         "vzbackup mount BACKUP FOLDER", "vzbackup umount FOLDER", "vzbackup remove BACKUP… [--dry-run]",
         "vzbackup prune [CTID]… --keep-last N --keep-daily N … [--dry-run]"},
        "Make backups of containers, list and verify them, and remove those that are too old",
        options(),
        "A BACKUP is its id, a path of one of its files, or a container's CTID or name for the newest one.\n"
        "Example: vzbackup --all --keep-daily 7 --keep-weekly 4 --mailto root --mail-error-only\n"};
    for (auto& option : cli::common_options())
        usage.options.push_back(std::move(option));
    return usage;
}

// Our own folder is made when it is needed; any other one may be a disk that is not mounted just now.
Result<backup::Depot> open_depot(const config::Host& host, const cli::Parsed& given) {
    const auto folder = given.value("dumpdir").value_or(host.dump_dir());
    if (folder == host.paths.data_dir() + "/dump")
        VZ_TRY(sys::make_dirs(folder, 0700));
    return backup::Depot::open(folder);
}

int run(const cli::Parsed& given, cli::Io io) {
    const auto& operands = given.operands();
    const auto* verb = std::find_if(k_verbs.begin(), k_verbs.end(), [&](const auto& known) {
        return !operands.empty() && operands[0] == known.name;
    });
    const bool makes = verb == k_verbs.end();
    const auto words = cli::expand_ids({operands.begin() + (makes ? 0 : 1), operands.end()}, io.in,
                                       given.has("null") ? cli::Separator::nul : cli::Separator::white_space);
    if (!words)
        return cli::report_usage(k_tool, words.error(), io.err);
    if (!makes && verb->needs_words && operands.size() < 2)
        return cli::report_usage(k_tool, fail(Errc::usage, "{} of which backup?", verb->name), io.err);
    const auto host = config::Host::load();
    if (!host)
        return cli::report(k_tool, host.error(), io.err);
    const auto depot = open_depot(*host, given);
    if (!depot)
        return cli::report(k_tool, depot.error(), io.err);
    cli::Talker out(k_tool, io.err, io.err,
                    given.has("quiet") ? cli::Verbosity::quiet : cli::Verbosity::normal,
                    cli::stderr_is_terminal());
    return (makes ? vzbackup::make : verb->run)({*host, *depot, given, *words, out, io});
}

} // namespace

Result<std::uint64_t> vzbackup::number_of(const cli::Parsed& given, std::string_view option,
                                          std::uint64_t otherwise) {
    const auto word = given.value(option);
    if (!word)
        return otherwise;
    const auto number = text::to_uint(*word);
    if (!number || *number > UINT32_MAX)
        return fail(Errc::usage, "--{}: a number expected, not {}", option, text::printable(*word));
    return *number;
}

Result<std::chrono::milliseconds> vzbackup::patience_of(const cli::Parsed& given) {
    VZ_ASSIGN(const auto minutes, number_of(given, "lockwait", 180));
    return std::chrono::milliseconds(std::chrono::minutes(minutes));
}

Result<backup::Retention> vzbackup::retention_of(const cli::Parsed& given) {
    backup::Retention out;
    for (const auto& [option, count] :
         {std::pair("maxfiles", &out.last), std::pair("keep-last", &out.last),
          std::pair("keep-hourly", &out.hourly), std::pair("keep-daily", &out.daily),
          std::pair("keep-weekly", &out.weekly), std::pair("keep-monthly", &out.monthly),
          std::pair("keep-yearly", &out.yearly)}) {
        if (!given.has(option))
            continue;
        VZ_ASSIGN(const auto number, number_of(given, option, 0));
        *count = static_cast<unsigned>(number);
    }
    return out;
}

int main(int argc, char** argv) {
    return cli::tool_main(usage(), run, argc, argv);
}
