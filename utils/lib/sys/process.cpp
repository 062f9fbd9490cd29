// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/sys/process.hpp"

#include "child.hpp"
#include "vz/base/scope.hpp"
#include "vz/base/text.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vz::sys {

namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* k_path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> out;
    for (const auto& s : strings)
        out.push_back(const_cast<char*>(s.c_str()));
    out.push_back(nullptr);
    return out;
}

std::string find_program(const std::string& name) {
    if (name.find('/') != std::string::npos)
        return name;
    for (const auto& folder : text::split(std::string_view(k_path).substr(5), ':')) {
        std::string candidate = folder + "/" + name;
        if (::access(candidate.c_str(), X_OK) == 0)
            return candidate;
    }
    return {};
}

// What the child needs, prepared before fork(2): after it only async-signal-safe calls are allowed.
struct Prepared {
    std::string program;
    std::vector<std::string> environment;
    std::vector<char*> argv;
    std::vector<char*> envp;
};

struct Standard {
    int in;
    int out;
    int err;
};

void reset_signals() {
    for (int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD, SIGQUIT, SIGWINCH})
        ::signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

// In a child of ours: stays behind with all that is open while a child of its own goes on to the program.
bool hold_for_child(int failure_fd) {
    const pid_t pid = ::_Fork(); // allowed here, other than fork(2)
    if (pid <= 0)
        return pid == 0;
    ::close(failure_fd); // whose end says that the program has begun
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    ::_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

[[noreturn]] void exec_child(const Command& command, const Prepared& prepared, Standard fds, int failure_fd,
                             pid_t parent) {
    reset_signals();
    if (command.dies_with_us)
        die_with(parent);
    const bool ready = (!command.holds_our_locks || hold_for_child(failure_fd)) &&
                       (command.net_ns < 0 || ::setns(command.net_ns, CLONE_NEWNET) == 0) &&
                       ::chdir(command.directory.c_str()) == 0 &&
                       // Above the standard three first, so that none overwrites another.
                       (fds.in = ::fcntl(fds.in, F_DUPFD_CLOEXEC, 3)) >= 0 &&
                       (fds.out = ::fcntl(fds.out, F_DUPFD_CLOEXEC, 3)) >= 0 &&
                       (fds.err = ::fcntl(fds.err, F_DUPFD_CLOEXEC, 3)) >= 0 && ::dup2(fds.in, 0) >= 0 &&
                       ::dup2(fds.out, 1) >= 0 && ::dup2(fds.err, 2) >= 0;
    if (ready) {
        ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
        for (const int fd : command.keep_fds)
            ::fcntl(fd, F_SETFD, 0);
        ::execve(prepared.program.c_str(), prepared.argv.data(), prepared.envp.data());
    }
    const int err = errno;
    (void)!::write(failure_fd, &err, sizeof err);
    ::_exit(127);
}

// Feeds the input and collects both outputs at once, so that no full pipe can stop the program for ever.
class Exchange {
public:
    Exchange(const Command& command, Fd in, Fd out, Fd err)
        : m_command(command), m_in(std::move(in)), m_out(std::move(out)), m_err(std::move(err)),
          m_rest(command.input) {
        if (m_in)
            ::fcntl(m_in.get(), F_SETFL, O_NONBLOCK);
    }

    Result<void> until(std::optional<Clock::time_point> deadline, Exited& result) {
        while (m_in || m_out || m_err) {
            pollfd fds[] = {{m_in.get(), POLLOUT, 0}, {m_out.get(), POLLIN, 0}, {m_err.get(), POLLIN, 0}};
            const int ready = ::poll(fds, 3, remaining(deadline));
            if (ready < 0 && errno != EINTR)
                return sys_fail(errno, Errc::system, "poll");
            if (ready == 0)
                return fail(Errc::system, "{}: no end within the time allowed", m_command.argv[0]);
            if (fds[0].revents != 0)
                feed();
            if (fds[1].revents != 0)
                VZ_TRY(collect(m_out, result.out, m_command.on_stdout));
            if (fds[2].revents != 0)
                VZ_TRY(collect(m_err, result.err, m_command.on_stderr));
        }
        return {};
    }

private:
    static int remaining(std::optional<Clock::time_point> deadline) {
        if (!deadline)
            return -1;
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(*deadline - Clock::now()).count();
        return left < 0 ? 0 : static_cast<int>(std::min<long long>(left, 1 << 30));
    }

    void feed() {
        const auto n = ::write(m_in.get(), m_rest.data(), m_rest.size());
        if (n > 0)
            m_rest.remove_prefix(static_cast<std::size_t>(n));
        if (m_rest.empty() || (n < 0 && errno != EAGAIN && errno != EINTR))
            m_in.reset(); // a program that does not read all of its input is not an error of ours
    }

    Result<void> collect(Fd& fd, std::string& into, const std::function<void(std::string_view)>& watcher) {
        char buffer[65536];
        const auto n = ::read(fd.get(), buffer, sizeof buffer);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            return {};
        if (n <= 0) {
            fd.reset();
            return {};
        }
        const std::string_view piece(buffer, static_cast<std::size_t>(n));
        if (watcher)
            watcher(piece);
        if (into.size() + piece.size() > m_command.output_limit)
            return fail(Errc::system, "{}: more than {} bytes of output", m_command.argv[0],
                        m_command.output_limit);
        into += piece;
        return {};
    }

    const Command& m_command;
    Fd m_in;
    Fd m_out;
    Fd m_err;
    std::string_view m_rest;
};

Result<Prepared> prepare(const Command& command) {
    Prepared prepared;
    prepared.program = find_program(command.argv.at(0));
    if (prepared.program.empty())
        return sys_fail(ENOENT, Errc::system, "{}", command.argv[0]);
    prepared.environment = {k_path, "LC_ALL=C.UTF-8"};
    prepared.environment.insert(prepared.environment.end(), command.environment.begin(),
                                command.environment.end());
    prepared.argv = pointers(command.argv);
    prepared.envp = pointers(prepared.environment);
    return prepared;
}

// The program's side of one output, and ours when it is captured.
Result<Pipe> output_for(Command::Output kind, int given, int inherited) {
    if (given >= 0)
        return Pipe{Fd(), Fd(::fcntl(given, F_DUPFD_CLOEXEC, 3))};
    if (kind == Command::Output::capture)
        return make_pipe();
    const int fd = kind == Command::Output::inherit ? ::fcntl(inherited, F_DUPFD_CLOEXEC, 3)
                                                    : ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return sys_fail(errno, Errc::system, "open the output of a program");
    return Pipe{Fd(), Fd(fd)};
}

Result<Pipe> input_for(const Command& command) {
    if (command.input_fd >= 0)
        return Pipe{Fd(::fcntl(command.input_fd, F_DUPFD_CLOEXEC, 3)), Fd()};
    if (!command.input.empty())
        return make_pipe();
    Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!null)
        return sys_fail(errno, Errc::system, "open /dev/null");
    return Pipe{std::move(null), Fd()};
}

Result<void> check_started(Fd failure, const std::string& program) {
    int err = 0;
    if (::read(failure.get(), &err, sizeof err) == sizeof err)
        return sys_fail(err, Errc::system, "run {}", program);
    return {};
}

} // namespace

Result<Exited> run(const Command& command) {
    VZ_ASSIGN(const Prepared prepared, prepare(command));
    VZ_ASSIGN(Pipe in, input_for(command));
    VZ_ASSIGN(Pipe out, output_for(command.out, command.output_fd, STDOUT_FILENO));
    VZ_ASSIGN(Pipe err, output_for(command.err, -1, STDERR_FILENO));
    VZ_ASSIGN(Pipe failure, make_pipe());
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0)
        return sys_fail(errno, Errc::no_resources, "fork");
    if (pid == 0)
        exec_child(command, prepared, {in.read.get(), out.write.get(), err.write.get()}, failure.write.get(),
                   parent);
    Child child(pid);
    in.read.reset();
    out.write.reset();
    err.write.reset();
    failure.write.reset();
    VZ_TRY(check_started(std::move(failure.read), prepared.program));

    Exited result;
    std::optional<Clock::time_point> deadline;
    if (command.timeout)
        deadline = Clock::now() + *command.timeout;
    struct sigaction ignore {};
    struct sigaction before {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &before);
    Cleanup restore([&] { ::sigaction(SIGPIPE, &before, nullptr); });
    Exchange exchange(command, std::move(in.write), std::move(out.read), std::move(err.read));
    VZ_TRY(exchange.until(deadline, result));
    VZ_ASSIGN(result.status, child.wait());
    return result;
}

Result<std::string> run_checked(const Command& command) {
    VZ_ASSIGN(auto exited, run(command));
    if (exited.status == 0)
        return std::move(exited.out);
    const auto lines = text::split(text::trim(exited.err), '\n');
    return fail(Errc::system, "{} failed ({}): {}", command.argv[0], exited.status,
                text::printable(lines.back()));
}

} // namespace vz::sys
