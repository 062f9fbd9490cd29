// SPDX-License-Identifier: GPL-2.0-or-later
#include "background.hpp"

#include "vz/base/json.hpp"
#include "vz/sys/fd.hpp"

#include <cerrno>
#include <csignal>
#include <iostream>
#include <sys/wait.h>
#include <unistd.h>

namespace vz::ops {

namespace {

constexpr std::size_t k_longest_message = 1 << 20;

[[noreturn]] void run_child(const std::function<Result<void>()>& work, const sys::Fd& answer) {
    ::setsid();                 // what is sent to all of a terminal or of a job is not for us
    ::signal(SIGPIPE, SIG_IGN); // nor does it matter whether somebody still listens
    for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT})
        ::signal(signal, SIG_IGN);
    const auto done = work();
    std::cout.flush();
    Json json;
    json.set("code", done ? 0 : exit_code(done.error().code));
    json.set("what", done ? "" : done.error().what);
    (void)sys::write_all(answer.get(), json.dump());
    ::_exit(0);
}

} // namespace

Result<void> to_the_end(const std::function<Result<void>()>& work) {
    VZ_ASSIGN(auto pipe, sys::make_pipe());
    std::cout.flush(); // or the child would say again what we have not said yet
    const pid_t pid = ::fork();
    if (pid < 0)
        return sys_fail(errno, Errc::no_resources, "fork");
    if (pid == 0)
        run_child(work, pipe.write);
    pipe.write.reset();
    const auto answer = sys::read_all(pipe.read.get(), k_longest_message);
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    const auto json = answer ? Json::parse(*answer) : Result<Json>(Json());
    if (!json || !json->find("code"))
        return fail(Errc::system, "the process that did the work was killed");
    const auto code = json->find("code")->as_uint();
    if (code == 0)
        return {};
    return Error{static_cast<Errc>(code), 0, json->string_or("what")};
}

} // namespace vz::ops
