// SPDX-License-Identifier: GPL-2.0-or-later
// Keeps what was done: in an append-only journal of one JSON object a line, and in the system log.
#pragma once

#include "vz/base/reporter.hpp"
#include "vz/config/host.hpp"
#include "vz/record/entry.hpp"

#include <chrono>

namespace vz::record {

// /var/log/vz/history.jsonl; rotated ones lie beside it.
std::string journal_path(const config::HostPaths& paths);

std::int64_t now(); // milliseconds since 1970

// Who is at work, as far as the kernel and the login programs tell: the login uid, the terminal, the machine
// that an ssh session came from, the service.
Who find_who();

enum class Sync { no, yes }; // yes: on the disk when append() returns

// Adds one line with a single write(2), so that lines of two processes never mix, and tells the system log
// (not below a relocated root). A line that somebody was killed in stays a broken line by itself.
Result<void> append(const config::HostPaths& paths, const Entry& entry, Sync sync = Sync::no);

// The program's name and the words it was called with.
std::vector<std::string> own_command();

// An action from its beginning to its end.
class Action {
public:
    // `command`: program and words as given; secrets are taken out here.
    Action(const config::HostPaths& paths, std::vector<std::string> command);

    void concerns(config::Ctid ctid) { m_entry.ctid = ctid.value(); }
    void wants_sync() { m_sync = Sync::yes; } // cannot be undone: the record must survive a crash

    // `status`: exit status. Call once, when it is over.
    Result<void> finish(int status, std::string_view error = {});

    // The same with what the work returned. A command that was not understood did nothing and is not kept:
    // its words may hold a password in a place where nobody looks for one. A record that cannot be kept is a
    // warning and no failure.
    void end(const Error* error, int status, Reporter& out);
    template<class T>
    void end(const Result<T>& done, Reporter& out) {
        end(done ? nullptr : &done.error(), 0, out);
    }

private:
    const config::HostPaths& m_paths;
    std::chrono::steady_clock::time_point m_begin;
    Entry m_entry;
    Sync m_sync = Sync::no;
};

} // namespace vz::record
