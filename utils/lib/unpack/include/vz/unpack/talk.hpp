// SPDX-License-Identifier: GPL-2.0-or-later
// What vz-unpack says to whoever started it: words, each closed by a zero byte, so that no text needs
// quoting.
//   progress DONE TOTAL WHAT | progress_done | info TEXT | warning TEXT | debug TEXT     any number of them,
//   then value TEXT | error CODE ERRNO TEXT                                                   the answer
// Who listens believes nothing: an archive that has taken the program over speaks here too.
#pragma once

#include "vz/base/reporter.hpp"
#include "vz/base/result.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace vz::unpack {

// The program's side. Progress is said as often as a person can see.
class Speaker : public Reporter {
public:
    explicit Speaker(std::function<void(std::string_view)> write) : m_write(std::move(write)) {}

    void info(std::string_view text) override { say("info", text); }
    void warning(std::string_view text) override { say("warning", text); }
    void debug(std::string_view text) override { say("debug", text); }
    void progress(std::string_view what, std::uint64_t done, std::uint64_t total) override;
    void progress_done() override;

    void answer(const Result<std::string>& result);

private:
    void say(std::string_view kind, std::string_view text);

    std::function<void(std::string_view)> m_write;
    std::chrono::steady_clock::time_point m_next{}; // no progress before that
};

// The other side: hears pieces of any length and passes them on to `reporter`.
class Listener {
public:
    explicit Listener(Reporter& reporter) : m_reporter(reporter) {}

    void hear(std::string_view piece);
    const std::optional<Result<std::string>>& answer() const {
        return m_answer;
    } // nothing as long as there is none

private:
    void take(std::string_view message);

    Reporter& m_reporter;
    std::string m_rest;
    std::optional<Result<std::string>> m_answer;
};

} // namespace vz::unpack
