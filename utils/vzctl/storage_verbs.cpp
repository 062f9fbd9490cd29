// SPDX-License-Identifier: GPL-2.0-or-later
#include "storage_verbs.hpp"

#include "vz/base/text.hpp"
#include "vz/ops/convert.hpp"
#include "vz/ops/rebase.hpp"

#include <ostream>

namespace vz::vzctl {

namespace {

Result<std::string> layout_word(const cli::Parsed& parsed) {
    const auto layout = parsed.value("layout");
    if (!layout)
        return fail(Errc::bad_syntax, "--layout is missing");
    if (!config::is_layout_word(*layout))
        return fail(Errc::bad_value, "unknown layout {}: known are {}", text::printable(*layout),
                    config::layout_words());
    return *layout;
}

} // namespace

std::vector<cli::Option> convert_options() {
    return {
        {"layout", 0, cli::Takes::value, "LAYOUT", "how its files are to be kept: " + config::layout_words()},
        dry_run_option()};
}

Result<int> run_convert(const Call& call) {
    VZ_ASSIGN(const auto parsed, parse_options(*find_verb("convert"), call.arguments));
    VZ_ASSIGN(const auto layout, layout_word(parsed));
    return ok(ops::convert(call.context, call.ctid, layout, dry_run(parsed)));
}

std::vector<cli::Option> rebase_options() {
    using cli::Takes;
    return {{"ostemplate", 0, Takes::value, "NAME", "another template than its own"},
            {"keep", 0, Takes::values, "PATTERN", "where both changed a file: the container's stays"},
            {"take", 0, Takes::values, "PATTERN", "where both changed a file: the template's is taken"},
            {"dry-run", 0, Takes::nothing, "", "only list the conflicts"}};
}

// The conflicts, one a line, are data: they become --keep and --take.
Result<int> run_rebase(const Call& call) {
    VZ_ASSIGN(const auto parsed, parse_options(*find_verb("rebase"), call.arguments));
    VZ_ASSIGN(const auto outcome, ops::rebase(call.context, call.ctid,
                                              {parsed.value("ostemplate").value_or(""), parsed.values("keep"),
                                               parsed.values("take"), parsed.has("dry-run")}));
    for (const auto& path : outcome.conflicts)
        call.io.out << text::printable(path) << '\n';
    if (!outcome.conflicts.empty())
        return fail(Errc::convert,
                    "files changed by the container and by the template: {}; decide with --keep and --take",
                    outcome.conflicts.size());
    if (outcome.is_current)
        call.context.out.info("Container lies on " + outcome.tree + " already");
    else if (!parsed.has("dry-run"))
        call.context.out.info("Container lies on " + outcome.tree + " now");
    return 0;
}

Result<int> run_quotaon(const Call& call) {
    VZ_TRY(parse_options(*find_verb("quotaon"), call.arguments));
    return ok(ops::quota_on(call.context, call.ctid));
}

Result<int> run_quotaoff(const Call& call) {
    VZ_TRY(parse_options(*find_verb("quotaoff"), call.arguments));
    return ok(ops::quota_off(call.context, call.ctid));
}

Result<int> run_quotainit(const Call& call) {
    VZ_TRY(parse_options(*find_verb("quotainit"), call.arguments));
    return ok(ops::quota_init(call.context, call.ctid));
}

} // namespace vz::vzctl
