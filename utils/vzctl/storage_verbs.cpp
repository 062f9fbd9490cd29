// SPDX-License-Identifier: GPL-2.0-or-later
#include "storage_verbs.hpp"

#include "vz/base/text.hpp"
#include "vz/ops/convert.hpp"

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
        {"layout", 0, cli::Takes::value, "dir|overlay|btrfs|lvm|lvmthin", "how its files are to be kept"}};
}

Result<int> run_convert(const Call& call) {
    VZ_ASSIGN(const auto parsed, parse_options(*find_verb("convert"), call.arguments));
    VZ_ASSIGN(const auto layout, layout_word(parsed));
    return ok(ops::convert(call.context, call.ctid, layout));
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
