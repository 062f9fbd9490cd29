// SPDX-License-Identifier: GPL-2.0-or-later
// Child processes of ours: owned, ended with us, and what a function in one of them returned.
#pragma once

#include "vz/base/result.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>

namespace vz::sys {

// Waits for the end; exit status, or 128 + N for a child ended by signal N.
Result<int> reap(pid_t pid);

// For the child: SIGKILL when `parent` dies.
void die_with(pid_t parent);

// A child that is killed and reaped unless waited for.
class Child {
public:
    explicit Child(pid_t pid) : m_pid(pid) {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child();

    Result<int> wait() { return reap(std::exchange(m_pid, -1)); }
    void forget() { m_pid = -1; } // somebody else has reaped it

private:
    pid_t m_pid;
};

// For the child: runs `work` and writes what it returned to the pipe; its parent reads that to the end and
// decodes it. Never returns.
[[noreturn]] void answer(int pipe, const std::function<Result<std::string>()>& work);
bool is_whole_answer(std::string_view message); // not cut by the child's death
Result<std::string> decode_answer(std::string_view message);

} // namespace vz::sys
