// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/console.hpp"

#include "terminal_type.hpp"
#include "vz/base/scope.hpp"
#include "vz/base/text.hpp"
#include "vz/config/registry.hpp"
#include "vz/ops/lxc_setup.hpp"
#include "vz/ops/runtime.hpp"
#include "vz/sys/fd.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <thread>
#include <unistd.h>

namespace vz::ops {

namespace {

volatile std::sig_atomic_t g_resized = 1;
volatile std::sig_atomic_t g_ended = 0;

void watch_signals() {
    struct sigaction action {};
    action.sa_handler = [](int number) { (number == SIGWINCH ? g_resized : g_ended) = 1; };
    for (const int number : {SIGWINCH, SIGTERM, SIGHUP, SIGINT})
        ::sigaction(number, &action, nullptr); // without SA_RESTART: poll(2) returns
    ::signal(SIGPIPE, SIG_IGN);
}

// Our own terminal without line discipline, as long as this lives.
class RawTerminal {
public:
    RawTerminal() : m_active(::tcgetattr(STDIN_FILENO, &m_before) == 0) {
        if (!m_active)
            return;
        termios raw = m_before;
        ::cfmakeraw(&raw);
        ::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
    }
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;
    ~RawTerminal() {
        if (m_active)
            ::tcsetattr(STDIN_FILENO, TCSADRAIN, &m_before);
    }

private:
    termios m_before{};
    bool m_active;
};

enum class Left { user, other_side };

void pass_window_size(int master) {
    winsize size{};
    if (g_resized != 0 && ::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
        ::ioctl(master, TIOCSWINSZ, &size);
    g_resized = 0;
}

// Our keys, or nothing at the end of them.
std::optional<std::string> read_keys() {
    char buffer[4096];
    const auto n = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return std::string();
    return n > 0 ? std::optional(std::string(buffer, static_cast<std::size_t>(n))) : std::nullopt;
}

bool copy_output(int master) {
    char buffer[65536];
    const auto n = ::read(master, buffer, sizeof buffer);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    return n > 0 && sys::write_all(STDOUT_FILENO, {buffer, static_cast<std::size_t>(n)}).has_value();
}

Left relay(int master) {
    EscapeKeys escape;
    for (;;) {
        pass_window_size(master);
        pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {master, POLLIN, 0}};
        if (::poll(fds, 2, -1) < 0 && errno != EINTR)
            return Left::other_side;
        if (g_ended != 0)
            return Left::user;
        if (fds[1].revents != 0 && !copy_output(master))
            return Left::other_side;
        if (fds[0].revents == 0)
            continue;
        const auto keys = read_keys();
        if (!keys)
            return Left::user;
        if (!sys::write_all(master, escape.pass(*keys)))
            return Left::other_side;
        if (escape.left())
            return Left::user;
    }
}

// True when it runs; false when the user does not want to wait any longer.
bool wait_until_running(const Context& context, config::Ctid ctid) {
    EscapeKeys escape;
    while (!is_running(context.host.paths, ctid)) {
        pollfd keys{STDIN_FILENO, POLLIN, 0};
        const int ready = ::poll(&keys, 1, 200);
        if (g_ended != 0)
            return false;
        if (ready <= 0)
            continue;
        const auto typed = read_keys();
        if (!typed)
            return false;
        escape.pass(*typed);
        if (escape.left())
            return false;
    }
    return true;
}

engine::AttachRequest login_request() {
    engine::AttachRequest request;
    const auto term = terminal_type();
    request.terminal = true;
    request.environment = {"TERM=" + term,
                           "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
    // login(1) refuses a terminal that is not the container's root's own, as the engine's is not: script(1),
    // which every Debian has, makes another one in between.
    request.candidates.push_back(
        {"/usr/bin/script", "-qec", "exec /sbin/agetty --noclear - " + term, "/dev/null"});
    for (const char* login : {"/bin/login", "/usr/bin/login"})
        request.candidates.push_back({login});
    return request;
}

struct Pty {
    sys::Fd master;
    sys::Fd slave;
};

Result<Pty> make_pty() {
    Pty pty;
    pty.master = sys::Fd(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    char name[128] = "";
    if (!pty.master || ::grantpt(pty.master.get()) != 0 || ::unlockpt(pty.master.get()) != 0 ||
        ::ptsname_r(pty.master.get(), name, sizeof name) != 0)
        return sys_fail(errno, Errc::devices, "make a pseudo terminal");
    pty.slave = sys::Fd(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!pty.slave)
        return sys_fail(errno, Errc::devices, "open {}", name);
    return pty;
}

// Whoever had the terminal before may have left it only just now: the container's monitor needs a moment to
// see that.
Result<engine::Console> open_terminal(const Context& context, const config::Container& container,
                                      const std::string& name, int tty) {
    const int tries = container.is_yes("CONSOLE") ? 20 : 1;
    auto terminal = context.engine.open_console(name, tty);
    for (int i = 1; !terminal && i < tries; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        terminal = context.engine.open_console(name, tty);
    }
    return terminal;
}

// The engine relays between a new terminal inside and the one it finds as its own: here a pty, so that we see
// the keys before it does.
Result<void> login_on_new_terminal(const Context& context, const std::string& name) {
    VZ_ASSIGN(auto pty, make_pty());
    g_resized = 1;
    pass_window_size(pty.master.get());
    const pid_t pid = ::fork();
    if (pid < 0)
        return sys_fail(errno, Errc::no_resources, "fork");
    if (pid == 0) {
        for (const int number : {SIGWINCH, SIGTERM, SIGHUP, SIGINT})
            ::signal(number, SIG_DFL);
        ::setsid();
        ::ioctl(pty.slave.get(), TIOCSCTTY, 0);
        for (int fd = 0; fd < 3; ++fd)
            ::dup2(pty.slave.get(), fd);
        const auto status = context.engine.attach(name, login_request());
        ::_exit(status ? *status & 0xff : 255);
    }
    pty.slave.reset();
    const auto left = relay(pty.master.get());
    pty.master.reset(); // a hang-up for whoever is logged in
    int status = 0;
    // Again and again: one that comes before the child has its own handlers is lost.
    while (::waitpid(pid, &status, left == Left::user ? WNOHANG : 0) != pid) {
        ::kill(pid, SIGHUP);
        ::usleep(20000);
    }
    if (WIFEXITED(status) && (WEXITSTATUS(status) == 127 || WEXITSTATUS(status) == 126))
        return fail(Errc::environment, "the container has no program for logins (agetty or login)");
    return {};
}

} // namespace

std::string EscapeKeys::pass(std::string_view keys) {
    std::string out;
    for (const char key : keys) {
        if (m_escape && key == '.') {
            m_left = true;
            return out;
        }
        m_escape = key == '\x1b';
        out += key;
    }
    return out;
}

Result<int> parse_tty(std::string_view text) {
    if (text.empty() || text == "console")
        return 0;
    const auto number = text::to_uint(text.substr(0, 3) == "tty" ? text.substr(3) : text);
    if (!number || *number < 1 || *number > 4)
        return fail(Errc::bad_value, "console or tty1 to tty4 expected, not {}", text::printable(text));
    return static_cast<int>(*number);
}

Result<void> console(const Context& context, config::Ctid ctid, int tty) {
    VZ_ASSIGN(const auto container, config::load_container(context.host, ctid));
    const bool running = is_running(context.host.paths, ctid);
    context.out.info(
        running ? format("Attached to CT {} (Esc . detaches)", ctid.value())
                : format("CT {} is not running; waiting until it starts (Esc . gives up)", ctid.value()));
    watch_signals();
    bool stopped = false;
    {
        const RawTerminal raw;
        if (!wait_until_running(context, ctid))
            return {};
        const auto name = engine_name(container);
        auto terminal = open_terminal(context, container, name, tty);
        if (!terminal && container.is_yes("CONSOLE"))
            return Error(terminal.error()).context(tty == 0 ? "console" : format("tty{}", tty));
        if (!terminal)
            VZ_TRY(login_on_new_terminal(context, name));
        else
            stopped = relay(terminal->master.get()) == Left::other_side;
    }
    context.out.info(stopped ? "The console was closed: the container has stopped" : "Detached");
    return {};
}

} // namespace vz::ops
