// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs.hpp"

#include "checkpoint_verbs.hpp"
#include "inside_verbs.hpp"
#include "life_verbs.hpp"
#include "settings_verbs.hpp"
#include "snapshot_verbs.hpp"
#include "storage_verbs.hpp"
#include "vz/base/text.hpp"

#include <algorithm>
#include <array>

namespace vz::vzctl {

namespace {

using cli::Option;
using ops::Needs;

std::vector<Option> no_options() {
    return {};
}

const std::array k_verbs = std::to_array<Verb>({
    {"create", "", "[options]", "make a container from a template", Needs::lock, false, false, create_options,
     run_create},
    {"destroy", "delete", "[--dry-run]", "remove a stopped container and its files", Needs::conf_and_lock,
     false, false, destroy_options, run_destroy},
    {"start", "", "[--wait] [--force]", "start it", Needs::conf_and_lock, false, false, start_options,
     run_start},
    {"stop", "", "[--fast] [--skip-umount]", "stop it", Needs::conf_and_lock, false, false, stop_options,
     run_stop},
    {"restart", "", "[--wait]", "stop it if it runs, then start it", Needs::conf_and_lock, false, false,
     restart_options, run_restart},
    {"status", "", "", "print \"CTID N exist|deleted mounted|unmounted running|down\"", Needs::nothing, false,
     false, no_options, run_status},
    {"suspend", "chkpnt", "[--dumpfile FOLDER]", "write its processes to the disk, and end them",
     Needs::conf_and_lock, false, false, suspend_options, run_suspend},
    {"resume", "restore", "[--dumpfile FOLDER]", "bring these processes back", Needs::conf_and_lock, false,
     false, resume_options, run_resume},
    {"check", "", "", "tell whether it can be suspended now, and what is in the way", Needs::conf, false,
     false, no_options, run_check},
    {"mount", "", "", "mount its files on VE_ROOT", Needs::conf_and_lock, false, false, no_options,
     run_mount},
    {"umount", "", "", "unmount them", Needs::conf_and_lock, false, false, no_options, run_umount},
    {"set", "", "[options] [--save]", "change settings, live and (with --save) for good",
     Needs::conf_and_lock, true, false, set_options, run_set},
    {"convert", "", "--layout LAYOUT", "move the files of a stopped one to another layout",
     Needs::conf_and_lock, false, false, convert_options, run_convert},
    {"rebase", "", "[--keep PATTERN] [--take PATTERN]",
     "move a stopped one to the newest edition of its template", Needs::conf_and_lock, false, false,
     rebase_options, run_rebase},
    {"quotaon", "", "", "enforce DISKSPACE and DISKINODES", Needs::conf_and_lock, false, false, no_options,
     run_quotaon},
    {"quotaoff", "", "", "lift them until the next mount", Needs::conf_and_lock, false, false, no_options,
     run_quotaoff},
    {"quotainit", "", "", "put files from before there were quotas under them", Needs::conf_and_lock, false,
     false, no_options, run_quotainit},
    {"snapshot", "", "[--id UUID] [--name NAME]", "keep a state to come back to", Needs::conf_and_lock, false,
     false, snapshot_options, run_snapshot},
    {"snapshot-switch", "", "--id UUID", "go back to a state; what it is now is lost", Needs::conf_and_lock,
     false, false, snapshot_switch_options, run_snapshot_switch},
    {"snapshot-delete", "", "--id UUID", "forget a state", Needs::conf_and_lock, false, false,
     snapshot_delete_options, run_snapshot_delete},
    {"snapshot-mount", "", "--id UUID --target FOLDER", "look at the files of a state", Needs::conf_and_lock,
     false, false, snapshot_mount_options, run_snapshot_mount},
    {"snapshot-umount", "", "--id UUID", "end that", Needs::conf_and_lock, false, false,
     snapshot_umount_options, run_snapshot_umount},
    {"snapshot-list", "", "[-H] [-o FIELD,...]", "list the states", Needs::conf, false, false,
     snapshot_list_options, run_snapshot_list},
    {"enter", "", "[--exec COMMAND...]", "open a shell in it", Needs::conf, false, true, no_options,
     run_enter},
    {"console", "", "[ttyN]", "join its console; Esc . leaves it", Needs::conf, false, false, no_options,
     run_console},
    {"exec", "", "COMMAND...|-", "run a shell command in it; 8 if that fails", Needs::conf, false, true,
     no_options, run_exec},
    {"exec2", "", "COMMAND...|-", "the same; the exit status is the command's", Needs::conf, false, true,
     no_options, run_exec2},
    {"exec3", "", "COMMAND...", "the same without a shell", Needs::conf, false, true, no_options, run_exec3},
    {"runscript", "", "FILE", "run a script of the host in it", Needs::conf, false, true, no_options,
     run_runscript},
});

} // namespace

std::span<const Verb> verbs() {
    return k_verbs;
}

const Verb* find_verb(std::string_view name) {
    const auto found = std::find_if(k_verbs.begin(), k_verbs.end(), [&](const Verb& verb) {
        return verb.name == name || (!verb.alias.empty() && verb.alias == name);
    });
    return found == k_verbs.end() ? nullptr : &*found;
}

Result<cli::Parsed> parse_options(const Verb& verb, const std::vector<std::string>& arguments) {
    VZ_ASSIGN(auto parsed, cli::parse(verb.options(), arguments, Errc::bad_syntax));
    if (!parsed.operands().empty())
        return fail(Errc::bad_syntax, "Invalid argument {}; vzctl {} --help lists the options",
                    text::printable(parsed.operands()[0]), verb.name);
    return parsed;
}

Option dry_run_option() {
    return {"dry-run", 0, cli::Takes::nothing, "", "only say what would be done"};
}

ops::DryRun dry_run(const cli::Parsed& parsed) {
    return parsed.has("dry-run") ? ops::DryRun::yes : ops::DryRun::no;
}

Result<int> ok(Result<void> done) {
    if (!done)
        return std::move(done).error();
    return 0;
}

} // namespace vz::vzctl
