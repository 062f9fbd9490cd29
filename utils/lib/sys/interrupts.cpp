// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/sys/interrupts.hpp"

#include "child.hpp"

#include "vz/base/scope.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/fd.hpp"
#include "vz/sys/file.hpp"

#include <cerrno>
#include <ctime>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace vz::sys {

namespace {

constexpr int k_signals[] = {SIGINT, SIGTERM, SIGHUP};

bool is_ignored(int number) {
    struct sigaction action {};
    return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

bool is_child_of_ours(std::string_view pid) {
    const auto stat = read_kernel_file(format("/proc/{}/stat", pid)).value_or("");
    const auto fields = text::words(std::string_view(stat).substr(std::min(stat.rfind(')'), stat.size())));
    return fields.size() > 2 && fields[2] == std::to_string(::getpid());
}

void kill_children() {
    const auto proc = Dir::open("/proc");
    const auto names = proc ? proc->list() : Result<std::vector<std::string>>(Error{});
    if (!names)
        return;
    for (const auto& name : *names)
        if (const auto pid = text::to_uint(name); pid && is_child_of_ours(name))
            ::kill(static_cast<pid_t>(*pid), SIGKILL);
}

// Children of killed children come to us, as we are their subreaper, until none is left.
void end_children() {
    for (;;) {
        kill_children();
        const pid_t ended = ::waitpid(-1, nullptr, WNOHANG);
        if (ended < 0 && errno == ECHILD)
            return;
        if (ended == 0)
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

} // namespace

Interrupts::Interrupts() {
    sigemptyset(&m_held);
    for (const int number : k_signals)
        if (!is_ignored(number))
            sigaddset(&m_held, number);
    ::sigprocmask(SIG_BLOCK, &m_held, &m_before);
}

Interrupts::~Interrupts() {
    ::sigprocmask(SIG_SETMASK, &m_before, nullptr);
}

void Interrupts::work_in_child(int pipe, const std::function<Result<std::string>()>& work,
                               pid_t parent) const {
    die_with(parent);
    ::sigprocmask(SIG_SETMASK, &m_before, nullptr);
    answer(pipe, work);
}

// What the child answers; cut, or nothing, when it died or a signal came.
Result<std::string> Interrupts::message_or_signal(int pipe) const {
    const Fd signals(::signalfd(-1, &m_held, SFD_CLOEXEC));
    if (!signals)
        return sys_fail(errno, Errc::no_resources, "signalfd");
    std::string message;
    for (;;) {
        pollfd fds[] = {{pipe, POLLIN, 0}, {signals.get(), POLLIN, 0}};
        if (::poll(fds, 2, -1) < 0 && errno != EINTR)
            return sys_fail(errno, Errc::system, "poll");
        char buffer[4096];
        const auto n = fds[0].revents != 0 ? ::read(pipe, buffer, sizeof buffer) : -1;
        if (n > 0)
            message.append(buffer, static_cast<std::size_t>(n));
        if (n == 0 || (n < 0 && fds[1].revents != 0))
            return message;
    }
}

void Interrupts::drop() const {
    const timespec now{};
    while (::sigtimedwait(&m_held, nullptr, &now) > 0 || errno == EINTR)
        ;
}

Result<std::string> Interrupts::run(const std::function<Result<std::string>()>& work,
                                    const std::function<void()>& clean_up) const {
    VZ_ASSIGN(Pipe pipe, make_pipe());
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    Cleanup no_longer([] { ::prctl(PR_SET_CHILD_SUBREAPER, 0); });
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0)
        return sys_fail(errno, Errc::no_resources, "fork");
    if (pid == 0)
        work_in_child(pipe.write.get(), work, parent);
    Child child(pid);
    pipe.write.reset();
    VZ_ASSIGN(const auto message, message_or_signal(pipe.read.get()));
    if (is_whole_answer(message)) {
        VZ_TRY(child.wait());
        return decode_answer(message);
    }
    child.forget();
    end_children();
    clean_up();
    return sys_fail(EINTR, Errc::system, "stopped in the middle of it");
}

} // namespace vz::sys
