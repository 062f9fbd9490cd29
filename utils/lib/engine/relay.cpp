// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vz::engine {

namespace {

using Clock = std::chrono::steady_clock;

int poll_time(std::optional<Clock::time_point> deadline) {
    if (!deadline)
        return -1;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(*deadline - Clock::now()).count();
    return static_cast<int>(std::clamp<long long>(left + 1, 0, 1 << 30));
}

} // namespace

Result<Relay> Relay::make(const std::optional<std::string>& input) {
    Relay relay;
    relay.m_input = input;
    VZ_ASSIGN(relay.m_in, sys::make_pipe());
    VZ_ASSIGN(relay.m_out, sys::make_pipe());
    VZ_ASSIGN(relay.m_err, sys::make_pipe());
    ::fcntl(relay.m_in.write.get(), F_SETFL, O_NONBLOCK);
    return relay;
}

// Moves what is there; false at the end of `from`.
bool Relay::pump(sys::Fd& from, int to) {
    char buffer[65536];
    const auto n = ::read(from.get(), buffer, sizeof buffer);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (n <= 0)
        return false;
    // Our reader may have gone (EPIPE): the program inside then sees its own pipe close.
    return sys::write_all(to, {buffer, static_cast<std::size_t>(n)}).has_value();
}

void Relay::feed_own_input() {
    // Blocks only when the program does not read: never more than one buffer is held.
    char buffer[4096];
    const auto n = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) {
        m_in.write.reset();
        return;
    }
    m_input = std::string(buffer, static_cast<std::size_t>(n));
    m_fed = 0;
}

void Relay::feed_text() {
    const auto n = ::write(m_in.write.get(), m_input->data() + m_fed, m_input->size() - m_fed);
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        m_in.write.reset();
    if (n > 0)
        m_fed += static_cast<std::size_t>(n);
}

Result<int> Relay::run(pid_t pid, std::optional<std::chrono::milliseconds> timeout) {
    const bool own_input = !m_input;
    auto deadline = timeout ? std::optional(Clock::now() + *timeout) : std::nullopt;
    m_in.read.reset();
    m_out.write.reset();
    m_err.write.reset();
    ::signal(SIGPIPE, SIG_IGN);
    const sys::Fd ended(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!ended)
        return sys_fail(errno, Errc::kernel_unsuitable, "pidfd_open");
    bool running = true;
    while (running || m_out.read || m_err.read) {
        const bool has_text = m_input && m_fed < m_input->size();
        if (!has_text && !own_input)
            m_in.write.reset();
        const bool wants_input = m_in.write && own_input && !has_text;
        pollfd fds[] = {{m_out.read.get(), POLLIN, 0},
                        {m_err.read.get(), POLLIN, 0},
                        {running ? ended.get() : -1, POLLIN, 0},
                        {wants_input ? STDIN_FILENO : -1, POLLIN, 0},
                        {m_in.write && has_text ? m_in.write.get() : -1, POLLOUT, 0}};
        const int ready = ::poll(fds, 5, running ? poll_time(deadline) : 0);
        if (ready < 0 && errno != EINTR)
            return sys_fail(errno, Errc::system, "poll");
        if (ready == 0 && !running)
            break; // ended, and nothing more to read now: do not wait for what runs on in the background
        if (deadline && Clock::now() >= *deadline) {
            ::kill(pid, SIGKILL);
            deadline.reset();
        }
        if (fds[0].revents != 0 && !pump(m_out.read, STDOUT_FILENO))
            m_out.read.reset();
        if (fds[1].revents != 0 && !pump(m_err.read, STDERR_FILENO))
            m_err.read.reset();
        if (fds[2].revents != 0)
            running = false;
        if (fds[3].revents != 0)
            feed_own_input();
        if (fds[4].revents != 0)
            feed_text();
    }
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return sys_fail(errno, Errc::system, "waitpid");
    return status;
}

} // namespace vz::engine
