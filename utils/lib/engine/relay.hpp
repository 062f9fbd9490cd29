// SPDX-License-Identifier: GPL-2.0-or-later
// Standard streams of a program inside a container: pipes whose other ends we relay, so that no descriptor of
// the host, and above all no terminal, ever gets into a container.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/fd.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <sys/types.h>

namespace vz::engine {

class Relay {
public:
    // `input`: text for standard input instead of our own.
    static Result<Relay> make(const std::optional<std::string>& input);

    int child_in() const { return m_in.read.get(); }
    int child_out() const { return m_out.write.get(); }
    int child_err() const { return m_err.write.get(); }

    // Copies until the program `pid` (a child of ours) has ended and its output is drained; its wait status.
    // What background processes write later is not waited for. A program that has not ended after `timeout`
    // is killed.
    Result<int> run(pid_t pid, std::optional<std::chrono::milliseconds> timeout = std::nullopt);

private:
    Relay() = default;
    bool pump(sys::Fd& from, int to);
    void feed_own_input();
    void feed_text();

    std::optional<std::string> m_input;
    std::size_t m_fed = 0;
    sys::Pipe m_in;
    sys::Pipe m_out;
    sys::Pipe m_err;
};

} // namespace vz::engine
