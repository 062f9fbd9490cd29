// SPDX-License-Identifier: GPL-2.0-or-later
#include "checkpoint_verbs.hpp"

#include "vz/base/text.hpp"
#include "vz/ops/checkpoint.hpp"

#include <array>
#include <filesystem>
#include <ostream>
#include <utility>

namespace vz::vzctl {

namespace {

using cli::Takes;

// The one step that was asked for, or all of them.
template<class Step, std::size_t count>
Result<Step> step_of(const cli::Parsed& parsed,
                     const std::array<std::pair<const char*, Step>, count>& steps) {
    Step chosen = Step::all;
    for (const auto& [name, step] : steps) {
        if (!parsed.has(name))
            continue;
        if (chosen != Step::all)
            return fail(Errc::bad_syntax, "only one of the steps at a time");
        chosen = step;
    }
    return chosen;
}

// The programs that write and read it work in another folder than ours.
Result<std::string> dump_file(const cli::Parsed& parsed) {
    const auto given = parsed.value("dumpfile");
    if (!given)
        return std::string();
    if (given->empty() || text::has_control(*given))
        return fail(Errc::bad_value, "--dumpfile: a folder expected");
    std::error_code error;
    auto path = std::filesystem::absolute(*given, error).lexically_normal().string();
    while (path.size() > 1 && path.back() == '/')
        path.pop_back();
    return path;
}

} // namespace

std::vector<cli::Option> suspend_options() {
    return {{"dumpfile", 0, Takes::value, "FOLDER", "write there, not to DUMPDIR/Dump.CTID"},
            {"suspend", 0, Takes::nothing, "", "only stop its processes where they are"},
            {"dump", 0, Takes::nothing, "", "only write them"},
            {"resume", 0, Takes::nothing, "", "only let them go on"},
            {"kill", 0, Takes::nothing, "", "only end them"},
            {"flags", 0, Takes::value, "", ""},
            {"context", 0, Takes::value, "", ""},
            {"keep_pages", 0, Takes::nothing, "", ""},
            {"skip-remount", 0, Takes::nothing, "", ""}};
}

std::vector<cli::Option> resume_options() {
    return {{"dumpfile", 0, Takes::value, "FOLDER", "read from there, and keep it"},
            {"undump", 0, Takes::nothing, "", "only make its processes; they do not run"},
            {"resume", 0, Takes::nothing, "", "only let them go on"},
            {"kill", 0, Takes::nothing, "", "only end them"},
            {"flags", 0, Takes::value, "", ""},
            {"context", 0, Takes::value, "", ""},
            {"keep_pages", 0, Takes::nothing, "", ""},
            {"skip_arpdetect", 0, Takes::nothing, "", ""},
            {"skip-remount", 0, Takes::nothing, "", "use what is mounted already"},
            {"skip-fsck", 0, Takes::nothing, "", ""}};
}

Result<int> run_suspend(const Call& call) {
    using Step = ops::SuspendStep;
    constexpr auto k_steps = std::to_array<std::pair<const char*, Step>>(
        {{"suspend", Step::suspend}, {"dump", Step::dump}, {"resume", Step::resume}, {"kill", Step::kill}});
    VZ_ASSIGN(const auto parsed, parse_options(*find_verb("suspend"), call.arguments));
    VZ_ASSIGN(const auto step, step_of(parsed, k_steps));
    VZ_ASSIGN(const auto dump, dump_file(parsed));
    return ok(ops::suspend(call.context, call.ctid, {dump, step}));
}

Result<int> run_resume(const Call& call) {
    using Step = ops::ResumeStep;
    constexpr auto k_steps = std::to_array<std::pair<const char*, Step>>(
        {{"undump", Step::undump}, {"resume", Step::resume}, {"kill", Step::kill}});
    VZ_ASSIGN(const auto parsed, parse_options(*find_verb("resume"), call.arguments));
    VZ_ASSIGN(const auto step, step_of(parsed, k_steps));
    VZ_ASSIGN(const auto dump, dump_file(parsed));
    return ok(ops::resume(call.context, call.ctid, {dump, step, parsed.has("skip-remount")}));
}

// What is in the way is data, a line each.
Result<int> run_check(const Call& call) {
    VZ_TRY(parse_options(*find_verb("check"), call.arguments));
    VZ_ASSIGN(const auto obstacles, ops::check_checkpoint(call.context, call.ctid));
    for (const auto& obstacle : obstacles)
        call.io.out << obstacle << '\n';
    if (!obstacles.empty())
        return fail(Errc::checkpoint, "Container cannot be checkpointed now");
    call.context.out.info("Container can be checkpointed now");
    return 0;
}

} // namespace vz::vzctl
