// SPDX-License-Identifier: GPL-2.0-or-later
// Running programs: always an argument vector, never a shell; no inherited descriptors but the three standard
// ones; a clean environment. And running a function of our own in a child, for work under other credentials.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/fd.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace vz::sys {

struct Exited {
    int status = 0; // exit status; 128 + N for a program ended by signal N
    std::string out;
    std::string err;
};

struct Command {
    explicit Command(std::vector<std::string> arguments) : argv(std::move(arguments)) {}

    enum class Output { capture, inherit, discard };

    std::vector<std::string> argv;        // argv[0] is looked up in the standard PATH
    std::vector<std::string> environment; // "KEY=value", besides PATH and LC_ALL=C.UTF-8
    std::string input;                    // what the program reads on standard input
    int input_fd = -1;                    // or: this descriptor (borrowed)
    int output_fd = -1;                   // standard output goes here instead (borrowed)
    Output out = Output::capture;
    Output err = Output::capture;
    std::string directory = "/";
    int net_ns = -1;           // enter this network namespace first (borrowed)
    std::vector<int> keep_fds; // stay open in the program (borrowed): a lock it works under lasts
                               // as long as it does, even if we are killed
    // All that we have open, and so each lock, stays until the program has ended, even if we are killed: for
    // programs that close what they do not know. Not together with `input`.
    bool holds_our_locks = false;
    bool dies_with_us = false;           // SIGKILL for the program (not for its children) when we die
    std::size_t output_limit = 64 << 20; // more captured output than this is an error
    std::optional<std::chrono::milliseconds> timeout; // then SIGKILL; Errc::system
    std::function<void(std::string_view)> on_stdout;  // sees standard output as it comes, besides the capture
    std::function<void(std::string_view)> on_stderr;  // the same of standard error
};

// Runs to the end. A program that cannot be started is an error (Errc::system); its own failure is a status.
Result<Exited> run(const Command& command);

// As run(), and a non-zero status is an error that carries the last line of its standard error.
Result<std::string> run_checked(const Command& command);

// Runs `work` in a forked child and returns what it returned. The child shares nothing with us afterwards; it
// is killed when we die. Use for work that must change credentials or namespaces. `work` must not start
// threads.
Result<std::string> run_in_child(const std::function<Result<std::string>()>& work);

} // namespace vz::sys
