// SPDX-License-Identifier: GPL-2.0-or-later
#include "inside_verbs.hpp"

#include "vz/base/text.hpp"
#include "vz/ops/console.hpp"
#include "vz/ops/exec.hpp"

namespace vz::vzctl {

// "exec" hides the command's status behind one code of its own, "exec2" passes it on.
Result<int> run_exec(const Call& call) {
    VZ_ASSIGN(const int status, ops::exec(call.context, call.ctid, ops::ExecMode::shell, call.arguments));
    return status == 0 ? 0 : exit_code(Errc::command_failed);
}

Result<int> run_exec2(const Call& call) {
    return ops::exec(call.context, call.ctid, ops::ExecMode::shell, call.arguments);
}

Result<int> run_exec3(const Call& call) {
    return ops::exec(call.context, call.ctid, ops::ExecMode::direct, call.arguments);
}

Result<int> run_enter(const Call& call) {
    std::vector<std::string> command = call.arguments;
    if (!command.empty() && command[0] != "--exec")
        return fail(Errc::bad_syntax, "Invalid option {}", text::printable(command[0]));
    if (!command.empty())
        command.erase(command.begin());
    return ops::enter(call.context, call.ctid, command);
}

Result<int> run_console(const Call& call) {
    VZ_ASSIGN(const auto parsed, cli::parse({}, call.arguments, Errc::bad_syntax));
    if (parsed.operands().size() > 1)
        return fail(Errc::bad_syntax, "Too many arguments");
    VZ_ASSIGN(const int tty, ops::parse_tty(parsed.operands().empty() ? "" : parsed.operands()[0]));
    return ok(ops::console(call.context, call.ctid, tty));
}

Result<int> run_runscript(const Call& call) {
    if (call.arguments.empty())
        return fail(Errc::bad_syntax, "No script is specified");
    if (call.arguments.size() > 1)
        return fail(Errc::bad_syntax, "Too many arguments");
    return ops::runscript(call.context, call.ctid, call.arguments[0]);
}

} // namespace vz::vzctl
