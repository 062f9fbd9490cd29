// SPDX-License-Identifier: GPL-2.0-or-later
#include "child.hpp"

#include "vz/sys/fd.hpp"
#include "vz/sys/process.hpp"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vz::sys {

Result<int> reap(pid_t pid) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return sys_fail(errno, Errc::system, "waitpid");
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// The second half catches a parent that died before the first took effect. A parent outside of our process
// namespace has the number 0.
void die_with(pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (const pid_t now = ::getppid(); now != parent && now != 0)
        ::_exit(127);
}

Child::~Child() {
    if (m_pid > 0) {
        ::kill(m_pid, SIGKILL);
        (void)reap(m_pid);
    }
}

// One tag byte, then either the value or "code errno text"; a zero byte ends it.
void answer(int pipe, const std::function<Result<std::string>()>& work) {
    const auto result = work();
    std::string message = result ? "+" + *result
                                 : format("-{} {} {}", exit_code(result.error().code),
                                          result.error().sys_errno, result.error().what);
    message += '\0';
    (void)write_all(pipe, message);
    ::_exit(0);
}

bool is_whole_answer(std::string_view message) {
    return message.size() > 1 && message.back() == '\0';
}

Result<std::string> decode_answer(std::string_view message) {
    message.remove_suffix(1);
    if (message[0] == '+')
        return std::string(message.substr(1));
    const auto first = message.find(' ');
    const auto second = message.find(' ', first + 1);
    Error error;
    int code = exit_code(Errc::internal);
    std::from_chars(message.data() + 1, message.data() + first, code);
    std::from_chars(message.data() + first + 1, message.data() + second, error.sys_errno);
    error.code = static_cast<Errc>(code);
    error.what = message.substr(second + 1);
    return error;
}

Result<std::string> run_in_child(const std::function<Result<std::string>()>& work) {
    VZ_ASSIGN(Pipe pipe, make_pipe());
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0)
        return sys_fail(errno, Errc::no_resources, "fork");
    if (pid == 0) {
        die_with(parent);
        pipe.read.reset();
        answer(pipe.write.get(), work);
    }
    Child child(pid);
    pipe.write.reset();
    VZ_ASSIGN(const auto message, read_all(pipe.read.get(), 64 << 20));
    VZ_ASSIGN(const int status, child.wait());
    if (!is_whole_answer(message))
        return fail(Errc::internal, "a helper process ended early (status {})", status);
    return decode_answer(message);
}

} // namespace vz::sys
