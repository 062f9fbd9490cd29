// SPDX-License-Identifier: GPL-2.0-or-later
// Work that cleans up after itself when it is interrupted by INT, TERM or HUP (signal(7)).
#pragma once

#include "vz/base/result.hpp"

#include <csignal>
#include <functional>
#include <string>

namespace vz::sys {

// Holds these signals back as long as it lives; those that are ignored (nohup(1), jobs in the background)
// stay so. One that came meanwhile takes effect at the end: as a rule it ends the process, after everything
// that was made later than this object has been destroyed.
class Interrupts {
public:
    Interrupts();
    Interrupts(const Interrupts&) = delete;
    Interrupts& operator=(const Interrupts&) = delete;
    ~Interrupts();

    // Runs `work` in a child, where signals act as usual. When one comes, or the child is killed, the child
    // and all it started are killed, and when they are gone `clean_up` is called here: so it meets what a
    // kill at any moment leaves. The error is then Errc::system with sys_errno EINTR. All children of this
    // process count as started by the work. `work` must not start threads.
    Result<std::string> run(const std::function<Result<std::string>()>& work,
                            const std::function<void()>& clean_up) const;

    // Call when all is done: a signal that came after the end of the work came too late and is forgotten.
    void drop() const;

private:
    [[noreturn]] void work_in_child(int pipe, const std::function<Result<std::string>()>& work,
                                    pid_t parent) const;
    Result<std::string> message_or_signal(int pipe) const;

    sigset_t m_held{};
    sigset_t m_before{};
};

} // namespace vz::sys
