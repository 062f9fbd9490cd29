// SPDX-License-Identifier: GPL-2.0-or-later
#include "life_verbs.hpp"

#include "vz/base/text.hpp"
#include "vz/ops/create.hpp"
#include "vz/ops/mount.hpp"
#include "vz/ops/start.hpp"
#include "vz/ops/status.hpp"

#include <ostream>

namespace vz::vzctl {

namespace {

Result<ops::StartRequest> start_request(const cli::Parsed& parsed) {
    ops::StartRequest request;
    request.wait = parsed.has("wait");
    request.force = parsed.has("force");
    request.skip_remount = parsed.has("skip-remount");
    if (const auto given = parsed.value("wait-timeout")) {
        const auto seconds = text::to_uint(*given);
        if (!seconds || *seconds == 0 || *seconds > 86400)
            return fail(Errc::bad_value, "--wait-timeout: a number from 1 to 86400 expected, not {}",
                        text::printable(*given));
        request.wait_seconds = static_cast<unsigned>(*seconds);
    }
    return request;
}

ops::StopRequest stop_request(const cli::Parsed& parsed) {
    return {parsed.has("fast"), parsed.has("skip-umount")};
}

} // namespace

std::vector<cli::Option> start_options() {
    return {
        {"wait", 0, cli::Takes::nothing, "", "return when its services are up"},
        {"wait-timeout", 0, cli::Takes::value, "SECONDS", "with --wait: for so long at most, not an hour"},
        {"force", 0, cli::Takes::nothing, "", "although it is DISABLED"},
        {"skip-fsck", 0, cli::Takes::nothing, "", ""},
        {"skip-remount", 0, cli::Takes::nothing, "", "do not mount again what is mounted"}};
}

std::vector<cli::Option> stop_options() {
    return {{"fast", 0, cli::Takes::nothing, "", "kill it, do not ask it to halt"},
            {"skip-umount", 0, cli::Takes::nothing, "", "leave it mounted"}};
}

std::vector<cli::Option> destroy_options() {
    return {dry_run_option()};
}

std::vector<cli::Option> restart_options() {
    auto options = start_options();
    const auto more = stop_options();
    options.insert(options.end(), more.begin(), more.end());
    return options;
}

Result<int> run_start(const Call& call) {
    VZ_ASSIGN(const auto parsed, parse_options(*find_verb("start"), call.arguments));
    VZ_ASSIGN(const auto request, start_request(parsed));
    return ok(ops::start(call.context, call.ctid, request));
}

Result<int> run_stop(const Call& call) {
    VZ_ASSIGN(const auto parsed, parse_options(*find_verb("stop"), call.arguments));
    return ok(ops::stop(call.context, call.ctid, stop_request(parsed)));
}

Result<int> run_restart(const Call& call) {
    VZ_ASSIGN(const auto parsed, parse_options(*find_verb("restart"), call.arguments));
    VZ_ASSIGN(const auto request, start_request(parsed));
    return ok(ops::restart(call.context, call.ctid, request, stop_request(parsed)));
}

Result<int> run_status(const Call& call) {
    VZ_TRY(parse_options(*find_verb("status"), call.arguments));
    call.io.out << ops::status_line(call.ctid, ops::status(call.context.host, call.ctid)) << '\n';
    return 0;
}

Result<int> run_mount(const Call& call) {
    VZ_TRY(parse_options(*find_verb("mount"), call.arguments));
    return ok(ops::mount_command(call.context, call.ctid));
}

Result<int> run_umount(const Call& call) {
    VZ_TRY(parse_options(*find_verb("umount"), call.arguments));
    return ok(ops::umount_command(call.context, call.ctid));
}

Result<int> run_destroy(const Call& call) {
    VZ_ASSIGN(const auto parsed, parse_options(*find_verb("destroy"), call.arguments));
    return ok(ops::destroy(call.context, call.ctid, dry_run(parsed)));
}

} // namespace vz::vzctl
