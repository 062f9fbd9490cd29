// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/context.hpp"

#include "vz/base/text.hpp"
#include "vz/ops/checkpoint.hpp"
#include "vz/ops/pending.hpp"
#include "vz/sys/file.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <sys/stat.h>
#include <thread>

namespace vz::ops {

namespace {

using namespace std::chrono_literals;

std::string describe(const std::optional<sys::LockHolder>& holder) {
    if (!holder)
        return {};
    auto command = sys::read_kernel_file(format("/proc/{}/cmdline", holder->pid)).value_or("");
    for (char& c : command)
        if (c == '\0')
            c = ' ';
    return format(" (locked by pid {}: {})", holder->pid, text::trim(command));
}

bool is_alive(pid_t pid) {
    return ::kill(pid, 0) == 0 || errno == EPERM;
}

Result<void> ensure_folder(const std::string& path, unsigned mode) {
    if (sys::exists(path))
        return {};
    VZ_TRY(sys::make_dirs(path));
    if (::chmod(path.c_str(), mode) != 0)
        return sys_fail(errno, Errc::create_dir, "chmod {}", path);
    return {};
}

} // namespace

std::unique_ptr<engine::Engine> make_engine(const config::Host& host) {
    return engine::make_lxc_engine(host.paths.lxc_dir());
}

Result<HeldLock> lock_container(const Context& context, config::Ctid ctid, const std::string& word) {
    if (context.skip_lock)
        return HeldLock{};
    const auto path = context.host.lock_file(ctid);
    VZ_TRY(ensure_folder(context.host.lock_dir(), 0755));
    constexpr int k_usual_tries = 1500;
    constexpr int k_more_tries = 30000;
    int most_tries = k_usual_tries;
    for (int tries = 0; tries < most_tries; ++tries) {
        VZ_ASSIGN(auto lock, sys::FileLock::acquire(path, word));
        if (lock) {
            if (auto done = finish(context.host, ctid); !done)
                context.out.warning(format("finish interrupted work: {}", done.error().what));
            settle_checkpoint(context, ctid);
            return lock;
        }
        const auto holder = sys::lock_holder(path);
        if (holder && holder->word != "cleaning" && is_alive(holder->pid))
            return fail(Errc::locked, "Container already locked{}", describe(holder));
        // These go on to their end without the command that began them.
        if (holder && (holder->word == "suspending" || holder->word == "resuming"))
            most_tries = k_more_tries;
        // Clean-up after a halt, a lock file between two holders, helpers of a killed command, which the
        // kernel is about to end, or a program that goes on for one (sys::Command::holds_our_locks).
        std::this_thread::sleep_for(20ms);
    }
    return fail(Errc::locked, "Container already locked");
}

Result<void> check_ready(const Context& context, config::Ctid ctid, Needs needs) {
    const bool wants_conf = needs == Needs::conf || needs == Needs::conf_and_lock;
    const bool wants_lock = needs == Needs::lock || needs == Needs::conf_and_lock;
    if (wants_conf && !sys::exists(context.host.paths.ct_conf(ctid)))
        return fail(Errc::no_container_config, "Container config file does not exist");
    if (!wants_lock || context.skip_lock)
        return {};
    const auto path = context.host.lock_file(ctid);
    const auto holder = sys::lock_holder(path);
    if (holder && holder->word != "cleaning" && is_alive(holder->pid) && sys::is_locked(path))
        return fail(Errc::locked, "Container already locked{}", describe(holder));
    return {};
}

Result<void> ensure_folders(const config::Host& host) {
    const auto& paths = host.paths;
    VZ_TRY(ensure_folder(paths.conf_dir(), 0755));
    VZ_TRY(ensure_folder(paths.names_dir(), 0755));
    VZ_TRY(ensure_folder(paths.run_dir() + "/ct", 0755));
    VZ_TRY(ensure_folder(paths.lxc_dir(), 0755));
    // Set-user-id programs of containers lie below: people of the host must not reach them.
    VZ_TRY(ensure_folder(paths.data_dir() + "/private", 0700));
    VZ_TRY(ensure_folder(paths.data_dir() + "/pending", 0700));
    VZ_TRY(ensure_folder(paths.data_dir() + "/root", 0711));
    return ensure_folder(host.lock_dir(), 0755);
}

} // namespace vz::ops
