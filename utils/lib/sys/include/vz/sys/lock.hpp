// SPDX-License-Identifier: GPL-2.0-or-later
// Lock files held by open file description locks (fcntl(2), F_OFD_SETLK): a dead process leaves none behind.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/fd.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace vz::sys {

class FileLock {
public:
    // Waits up to `patience` for the exclusive lock on `path` (created if absent, mode 0600); nothing if
    // somebody else keeps it. The file's content is the holder's: "PID\nWORD\n" as the classic tools wrote,
    // then a line of ours. A two-line file of a living process, as classic scripts make with link(2), counts
    // as held too.
    // With an empty word only the number is written, as useradd(8) reads it: a longer file that a killed
    // command left would keep it from working for ever.
    static Result<std::optional<FileLock>> acquire(const std::string& path, const std::string& word,
                                                   std::chrono::milliseconds patience = {});

    FileLock(FileLock&&) noexcept = default;
    FileLock& operator=(FileLock&&) = delete;
    ~FileLock();

    int fd() const { return m_fd.get(); } // for Command::keep_fds

private:
    FileLock(Fd fd, std::string path);

    Fd m_fd;
    std::string m_path;
};

// Descriptors of all locks that this process holds, or that its parent held when it was forked: for
// Command::keep_fds of a program that does the work they protect.
std::vector<int> held_locks();

// Whether acquire() would find it held now. Takes nothing.
bool is_locked(const std::string& path);

// Who holds the lock file, as far as its content tells; nothing if it is absent or unreadable.
struct LockHolder {
    pid_t pid = 0;
    std::string word;
};
std::optional<LockHolder> lock_holder(const std::string& path);

} // namespace vz::sys
