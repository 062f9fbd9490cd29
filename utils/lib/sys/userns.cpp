// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/sys/userns.hpp"

#include "child.hpp"

#include "vz/base/scope.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/process.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vz::sys {

namespace {

// Child of fork(2): makes the namespace, says so, and waits to be killed.
[[noreturn]] void hold_namespace(int ready_fd) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int err = ::unshare(CLONE_NEWUSER) == 0 ? 0 : errno;
    (void)!::write(ready_fd, &err, sizeof err);
    for (;;)
        ::pause();
}

} // namespace

Result<Fd> make_userns(const IdRange& range) {
    return make_userns_from({0, 0, range.count}, range);
}

Result<Fd> make_userns_from(const IdRange& inside, const IdRange& range) {
    VZ_ASSIGN(Pipe ready, make_pipe());
    const pid_t pid = ::fork();
    if (pid < 0)
        return sys_fail(errno, Errc::no_resources, "fork");
    if (pid == 0)
        hold_namespace(ready.write.get());
    Cleanup end([&] {
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
    });
    ready.write.reset();
    int err = 0;
    if (::read(ready.read.get(), &err, sizeof err) != sizeof err || err != 0)
        return sys_fail(err, Errc::kernel_unsuitable, "unshare a user namespace");
    const std::string proc = format("/proc/{}/", pid);
    VZ_TRY(write_kernel_file(proc + "uid_map",
                             format("{} {} {}\n", inside.uid_base, range.uid_base, range.count)));
    VZ_TRY(write_kernel_file(proc + "gid_map",
                             format("{} {} {}\n", inside.gid_base, range.gid_base, range.count)));
    Fd fd(::open((proc + "ns/user").c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd)
        return sys_fail(errno, Errc::system, "open a user namespace");
    return fd;
}

Result<void> become_container_root(const Fd& userns) {
    const pid_t parent = ::getppid();
    if (::setns(userns.get(), CLONE_NEWUSER) != 0)
        return sys_fail(errno, Errc::system, "enter a user namespace");
    if (::setgroups(0, nullptr) != 0 || ::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0)
        return sys_fail(errno, Errc::system, "become the container's root");
    die_with(parent); // changing ids cleared it
    ::umask(0);
    return {};
}

Result<std::string> run_as_container_root(const Fd& userns,
                                          const std::function<Result<std::string>()>& work) {
    return run_in_child([&]() -> Result<std::string> {
        VZ_TRY(become_container_root(userns));
        return work();
    });
}

} // namespace vz::sys
