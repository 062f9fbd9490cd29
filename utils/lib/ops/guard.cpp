// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <optional>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace vz::ops {

namespace {

constexpr char k_dismissed = 'd';
constexpr char k_ready = 'r';

// One byte; nothing when the other side is gone.
std::optional<char> hear(int socket) {
    char word = 0;
    ssize_t got = 0;
    do
        got = ::read(socket, &word, 1);
    while (got < 0 && errno == EINTR);
    return got == 1 ? std::optional(word) : std::nullopt;
}

bool say(int socket, char word) {
    return ::send(socket, &word, 1, MSG_NOSIGNAL) == 1;
}

// Ends with our end of the line: after the word that all is well, or without it, because we died.
[[noreturn]] void watch(const std::function<void()>& when_we_die, int line) {
    ::setsid(); // what is sent to all of a terminal or of a job must not reach both of us
    for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT})
        ::signal(signal, SIG_IGN);
    // Locks are not ours to keep, and whoever reads our output must see its end.
    ::dup2(line, 0);
    ::close_range(1, ~0U, 0);
    while (::open("/dev/null", O_RDWR) == 1) { // 1 and 2
    }
    if (say(0, k_ready) && hear(0) != k_dismissed)
        when_we_die();
    ::_exit(0);
}

} // namespace

Result<Guard> Guard::post(const std::function<void()>& when_we_die) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return sys_fail(errno, Errc::no_resources, "socketpair");
    sys::Fd watched(ends[0]);
    Guard guard;
    guard.m_alive = sys::Fd(ends[1]);
    guard.m_child = ::fork();
    if (guard.m_child < 0)
        return sys_fail(errno, Errc::no_resources, "fork");
    if (guard.m_child == 0)
        watch(when_we_die, watched.get());
    watched.reset();
    // A guard that is not yet on its own could be killed together with us.
    if (hear(guard.m_alive.get()) != k_ready)
        return fail(Errc::no_resources, "nobody would watch over the container");
    return guard;
}

Guard::Guard(Guard&& other) noexcept
    : m_alive(std::move(other.m_alive)), m_child(std::exchange(other.m_child, -1)) {}

void Guard::dismiss() {
    (void)say(m_alive.get(), k_dismissed);
}

Guard::~Guard() {
    if (m_child < 0)
        return;
    m_alive.reset();
    while (::waitpid(m_child, nullptr, 0) < 0 && errno == EINTR) {
    }
}

} // namespace vz::ops
