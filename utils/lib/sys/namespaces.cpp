// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/sys/namespaces.hpp"

#include "vz/sys/process.hpp"

#include <cerrno>
#include <csignal>
#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace vz::sys {

namespace {

Result<void> become_its_root() {
    if (::setgroups(0, nullptr) != 0 || ::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0)
        return sys_fail(errno, Errc::system, "become the container's root");
    ::prctl(PR_SET_PDEATHSIG, SIGKILL); // changing ids cleared it
    ::umask(0);
    return {};
}

} // namespace

Result<Fd> open_process(pid_t pid) {
    Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!process)
        return sys_fail(errno, Errc::system, "open process {}", pid);
    return process;
}

Result<std::string> run_in_namespaces(const Fd& process, int namespaces,
                                      const std::function<Result<std::string>()>& work) {
    return run_in_child([&]() -> Result<std::string> {
        if (::setns(process.get(), namespaces) != 0)
            return sys_fail(errno, Errc::system, "enter the container's namespaces");
        if ((namespaces & CLONE_NEWUSER) != 0)
            VZ_TRY(become_its_root());
        // Only children of whoever enters a process namespace are in it.
        return (namespaces & CLONE_NEWPID) != 0 ? run_in_child(work) : work();
    });
}

} // namespace vz::sys
