// SPDX-License-Identifier: GPL-2.0-or-later
#include "frozen.hpp"

#include "vz/ops/lxc_setup.hpp"
#include "vz/ops/runtime.hpp"

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
[[noreturn]] void guard(engine::Engine& engine, const std::string& name, int line) {
    ::setsid(); // what is sent to all of a terminal or of a job must not reach both of us
    for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT})
        ::signal(signal, SIG_IGN);
    // Locks are not ours to keep, and whoever reads our output must see its end.
    ::dup2(line, 0);
    ::close_range(1, ~0U, 0);
    while (::open("/dev/null", O_RDWR) == 1) { // 1 and 2
    }
    if (say(0, k_ready) && hear(0) != k_dismissed)
        (void)engine.thaw(name);
    ::_exit(0);
}

} // namespace

Result<Frozen> Frozen::freeze(engine::Engine& engine, const std::string& name) {
    Frozen frozen(engine, name);
    VZ_TRY(frozen.post_guard()); // first: there is no moment without one
    VZ_TRY(engine.freeze(name));
    return frozen;
}

Result<void> Frozen::post_guard() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return sys_fail(errno, Errc::no_resources, "socketpair");
    sys::Fd watched(ends[0]);
    m_alive = sys::Fd(ends[1]);
    m_guard = ::fork();
    if (m_guard < 0)
        return sys_fail(errno, Errc::no_resources, "fork");
    if (m_guard == 0)
        guard(*m_engine, m_name, watched.get());
    watched.reset();
    // A guard that is not yet on its own could be killed together with us.
    if (hear(m_alive.get()) != k_ready)
        return fail(Errc::no_resources, "nobody watches over the frozen container");
    return {};
}

Frozen::Frozen(Frozen&& other) noexcept
    : m_engine(std::exchange(other.m_engine, nullptr)), m_name(std::move(other.m_name)),
      m_alive(std::move(other.m_alive)), m_guard(std::exchange(other.m_guard, -1)) {}

Frozen::~Frozen() {
    if (!m_engine || m_guard < 0)
        return;
    if (m_engine->thaw(m_name))
        (void)say(m_alive.get(), k_dismissed);
    m_alive = sys::Fd(); // the guard, should thawing have failed, tries again
    while (::waitpid(m_guard, nullptr, 0) < 0 && errno == EINTR) {
    }
}

Result<std::optional<Frozen>> hold_still(const Context& context, const config::Container& container) {
    if (!is_running(context.host.paths, container.ctid()))
        return std::optional<Frozen>{};
    VZ_ASSIGN(auto frozen, Frozen::freeze(context.engine, engine_name(container)));
    return std::optional<Frozen>(std::move(frozen));
}

} // namespace vz::ops
