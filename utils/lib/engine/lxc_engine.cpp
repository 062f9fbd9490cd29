// SPDX-License-Identifier: GPL-2.0-or-later
// The engine on liblxc. Sources: lxc/lxccontainer.h and lxc/attach_options.h.
#include "vz/engine/engine.hpp"

#include "console_keeper.hpp"
#include "payload.hpp"
#include "relay.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/file.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <lxc/lxccontainer.h>
#include <optional>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vz::engine {

namespace {

struct PutContainer {
    void operator()(lxc_container* container) const { lxc_container_put(container); }
};
using ContainerHandle = std::unique_ptr<lxc_container, PutContainer>;

int exit_status(int wait_status) {
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

// The reason that liblxc gave in its log, without its source positions.
std::string last_log_error(const std::string& log_file) {
    const auto content = sys::read_file(log_file).value_or(std::nullopt).value_or("");
    for (const auto& line : text::split(content, '\n')) {
        const auto error = line.find(" ERROR ");
        const auto dash = line.find(" - ", error == std::string::npos ? line.size() : error);
        if (dash == std::string::npos)
            continue;
        const auto message = line.find(" - ", dash + 3);
        return line.substr(message == std::string::npos ? dash + 3 : message + 3);
    }
    return {};
}

class LxcEngine : public Engine {
public:
    explicit LxcEngine(std::string lxc_dir) : m_dir(std::move(lxc_dir)) {}

    Result<void> start(const std::string& name) override {
        VZ_ASSIGN(const auto container, open(name));
        const std::string log = log_of(*container);
        forget_log(log);
        container->want_daemonize(container.get(), true);
        container->want_close_all_fds(container.get(),
                                      true); // above all: our lock must not live on in the monitor
        if (container->start(container.get(), 0, nullptr))
            return {};
        const auto reason = start_error(log);
        // lxc_cmd_init(): the socket of its name is taken.
        const bool taken = reason.find("appears to be already running") != std::string::npos;
        return fail(taken ? Errc::running : Errc::environment, "{}", reason);
    }

    Result<void> restore(const std::string& name, const RestoreRequest& request) override {
        VZ_ASSIGN(const auto container, open(name));
        const std::string log = log_of(*container);
        forget_log(log);
        const pid_t pid = ::fork();
        if (pid < 0)
            return sys_fail(errno, Errc::no_resources, "fork");
        if (pid == 0)
            restore_child(name, request);
        int status = 0;
        while (::waitpid(pid, &status, 0) < 0)
            if (errno != EINTR)
                return sys_fail(errno, Errc::system, "waitpid");
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            return fail(Errc::restore, "{}", start_error(log));
        return {};
    }

    Result<int> run_alone(const std::string& name, const AttachRequest& request) override {
        VZ_ASSIGN(const auto container, open(name));
        VZ_ASSIGN(Relay relay, Relay::make(request.use_input ? std::optional(request.input) : std::nullopt));
        const std::string log = log_of(*container);
        forget_log(log);
        const pid_t pid = ::fork();
        if (pid < 0)
            return sys_fail(errno, Errc::no_resources, "fork");
        if (pid == 0)
            run_alone_child(*container, relay, request);
        VZ_ASSIGN(const int status, relay.run(pid));
        if (WIFEXITED(status) && WEXITSTATUS(status) == k_not_started)
            return fail(Errc::environment, "{}", start_error(log));
        return exit_status(status);
    }

    bool is_running(const std::string& name) override {
        const auto container = open(name);
        return container && (*container)->is_running(container->get());
    }

    Result<bool> halt(const std::string& name, unsigned seconds) override {
        VZ_ASSIGN(const auto container, open(name));
        return container->shutdown(container.get(), static_cast<int>(seconds));
    }

    Result<void> kill(const std::string& name) override {
        VZ_ASSIGN(const auto container, open(name));
        if (!container->stop(container.get()) && container->is_running(container.get()))
            return fail(Errc::stop_failed, "the container could not be killed");
        return {};
    }

    Result<Console> open_console(const std::string& name, int tty) override {
        VZ_ASSIGN(const auto container, open(name));
        int master = -1;
        const int hold = container->console_getfd(container.get(), &tty, &master);
        Console console{sys::Fd(hold), sys::Fd(master)};
        if (!console.hold || !console.master)
            return fail(Errc::devices, "there is no such terminal, or somebody else has it");
        if (tty == 0) {
            VZ_ASSIGN(console.hold, keep_console(std::move(console.hold), console.master));
        }
        return console;
    }

    Result<void> set_group_item(const std::string& name, const std::string& item,
                                const std::string& value) override {
        VZ_ASSIGN(const auto container, open(name));
        if (!container->set_cgroup_item(container.get(), item.c_str(), value.c_str()))
            return fail(Errc::devices, "the kernel does not take \"{}\" for {}", value, item);
        return {};
    }

    Result<void> freeze(const std::string& name) override {
        VZ_ASSIGN(const auto container, open(name));
        if (!container->freeze(container.get()))
            return fail(Errc::environment, "the container could not be frozen");
        return {};
    }

    Result<void> thaw(const std::string& name) override {
        VZ_ASSIGN(const auto container, open(name));
        // liblxc thaws only what it knows to be frozen: a freezing that was killed in the middle is ended
        // first.
        const char* state = container->state(container.get());
        if (state && std::string_view(state) == "FREEZING")
            (void)container->freeze(container.get());
        if (!container->unfreeze(container.get()))
            return fail(Errc::environment, "the container could not be thawed");
        return {};
    }

    Result<int> attach(const std::string& name, const AttachRequest& request) override {
        VZ_ASSIGN(const auto container, open(name));
        share_process_limits(*container);
        Payload payload = make_payload(request);
        lxc_attach_options_t options = LXC_ATTACH_OPTIONS_DEFAULT;
        options.env_policy = LXC_ATTACH_CLEAR_ENV;
        options.initial_cwd = const_cast<char*>("/");
        options.uid = 0;
        options.gid = 0;
        if (request.terminal)
            return attach_terminal(*container, payload, options);
        VZ_ASSIGN(Relay relay, Relay::make(request.use_input ? std::optional(request.input) : std::nullopt));
        options.stdin_fd = relay.child_in();
        options.stdout_fd = relay.child_out();
        options.stderr_fd = relay.child_err();
        pid_t pid = -1;
        if (container->attach(container.get(), execute_payload, &payload, &options, &pid) < 0)
            return fail(Errc::environment, "the container could not be entered");
        VZ_ASSIGN(const int status, relay.run(pid, request.timeout));
        return exit_status(status);
    }

private:
    static constexpr int k_not_started = 254;
    static constexpr std::pair<__rlimit_resource, const char*> k_shared_limits[] = {
        {RLIMIT_NOFILE, "lxc.prlimit.nofile"},
        {RLIMIT_MEMLOCK, "lxc.prlimit.memlock"},
        {RLIMIT_SIGPENDING, "lxc.prlimit.sigpending"}};

    Result<ContainerHandle> open(const std::string& name) const {
        ContainerHandle container(lxc_container_new(name.c_str(), m_dir.c_str()));
        if (!container)
            return fail(Errc::environment, "liblxc: no memory for container {}", name);
        return container;
    }

    // What is attached would have the limits of whoever calls us.
    static void share_process_limits(lxc_container& container) {
        const auto text = [](rlim_t value) {
            return value == RLIM_INFINITY ? std::string("unlimited") : std::to_string(value);
        };
        const pid_t init = container.init_pid(&container);
        for (const auto& [resource, key] : k_shared_limits) {
            rlimit limit{};
            if (init > 0 && ::prlimit(init, resource, nullptr, &limit) == 0)
                container.set_config_item(&container, key,
                                          (text(limit.rlim_cur) + ":" + text(limit.rlim_max)).c_str());
        }
    }

    static std::string log_of(lxc_container& container) {
        char path[4096] = "";
        container.get_config_item(&container, "lxc.log.file", path, sizeof path);
        return path;
    }

    // Emptied and not removed: liblxc has it open since it read the configuration.
    static void forget_log(const std::string& log) { (void)::truncate(log.c_str(), 0); }

    static std::string start_error(const std::string& log) {
        const auto reason = last_log_error(log);
        return reason.empty() ? format("liblxc could not start the container; see {}", log)
                              : format("{} (more in {})", text::printable(reason), log);
    }

    static Result<int> attach_terminal(lxc_container& container, Payload& payload,
                                       lxc_attach_options_t options) {
        options.attach_flags |= LXC_ATTACH_TERMINAL;
        pid_t pid = -1;
        if (container.attach(&container, execute_payload, &payload, &options, &pid) < 0)
            return fail(Errc::environment, "the container could not be entered");
        int status = 0;
        while (::waitpid(pid, &status, 0) < 0)
            if (errno != EINTR)
                return sys_fail(errno, Errc::system, "waitpid");
        return exit_status(status);
    }

    // liblxc forks the process that watches over the container from this one: what is open here would stay
    // open there.
    [[noreturn]] void restore_child(const std::string& name, const RestoreRequest& request) const {
        ::setsid();
        for (int number = 1; number < NSIG; ++number)
            ::signal(number, SIG_DFL); // CRIU ends its helpers by signals, which we may ignore
        const int null = ::open("/dev/null", O_RDWR);
        for (int fd = 0; fd < 3; ++fd)
            ::dup2(null, fd);
        ::close_range(3, ~0U, 0);
        ::clearenv();
        ::setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
        for (const auto& entry : request.environment)
            ::putenv(const_cast<char*>(entry.c_str()));
        const auto container = open(name);
        if (!container)
            ::_exit(k_not_started);
        migrate_opts options{};
        options.directory = const_cast<char*>(request.images.c_str());
        options.action_script = const_cast<char*>(request.hook.c_str());
        const int failed = (*container)->migrate(container->get(), MIGRATE_RESTORE, &options, sizeof options);
        ::_exit(failed == 0 ? 0 : k_not_started);
    }

    [[noreturn]] static void run_alone_child(lxc_container& container, const Relay& relay,
                                             const AttachRequest& request) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::dup2(relay.child_in(), STDIN_FILENO);
        ::dup2(relay.child_out(), STDOUT_FILENO);
        ::dup2(relay.child_err(), STDERR_FILENO);
        for (const auto& entry : request.environment)
            container.set_config_item(&container, "lxc.environment", entry.c_str());
        container.want_daemonize(&container, false);
        container.want_close_all_fds(&container, true);
        const auto argv = pointers(request.candidates.front());
        const bool started = container.start(&container, 0, argv.data());
        const int status = container.error_num;
        ::_exit(started || status > 0 ? exit_status(status) : k_not_started);
    }

    std::string m_dir;
};

} // namespace

std::unique_ptr<Engine> make_lxc_engine(std::string lxc_dir) {
    return std::make_unique<LxcEngine>(std::move(lxc_dir));
}

} // namespace vz::engine
