// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/scripts.hpp"

#include "vz/ops/exec.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/process.hpp"

#include <unistd.h>

namespace vz::ops {

namespace {

Result<void> run_on_host(const config::Container& container, const std::string& script) {
    if (::access(script.c_str(), F_OK) != 0)
        return {};
    sys::Command command({script});
    command.environment = {"VEID=" + container.ctid().text(),
                           "VE_CONFFILE=" + container.host().paths.ct_conf(container.ctid())};
    command.out = sys::Command::Output::inherit;
    command.err = sys::Command::Output::inherit;
    auto exited = sys::run(command);
    if (!exited)
        return std::move(exited).error().as(Errc::action_script).context(script);
    if (exited->status != 0)
        return fail(Errc::action_script, "action script {} returned {}", script, exited->status);
    return {};
}

} // namespace

Result<void> run_host_scripts(const config::Container& container, std::string_view action, Order order) {
    const auto& paths = container.host().paths;
    const auto global = paths.global_script(action);
    const auto own = paths.ct_script(container.ctid(), action);
    VZ_TRY(run_on_host(container, order == Order::global_first ? global : own));
    return run_on_host(container, order == Order::global_first ? own : global);
}

Result<void> run_inner_script(const Context& context, const config::Container& container,
                              std::string_view action) {
    const auto script = context.host.paths.ct_script(container.ctid(), action);
    VZ_ASSIGN(const auto content, sys::read_file(script));
    if (!content)
        return {};
    VZ_ASSIGN(const int status, exec_script(context, container, *content));
    if (status != 0)
        return fail(Errc::action_script, "action script {} returned {} inside the container", script, status);
    return {};
}

} // namespace vz::ops
