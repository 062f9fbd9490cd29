// SPDX-License-Identifier: GPL-2.0-or-later
// Talk and progress for people: info lines and, on a terminal's standard error only, one line that shows the
// work in hand.
#pragma once

#include "vz/base/reporter.hpp"

#include <chrono>
#include <iosfwd>
#include <string>

namespace vz::cli {

// quiet: nothing; brief: warnings and progress; normal: info as well; verbose: everything.
enum class Verbosity { quiet, brief, normal, verbose };

class Talker : public Reporter {
public:
    // `info_to` gets info lines (standard output for vzctl, whose clients expect them there, else standard
    // error); `err` gets warnings, as "tool: warning: …", and debug lines.
    Talker(std::string tool, std::ostream& info_to, std::ostream& err, Verbosity verbosity, bool terminal);
    ~Talker() override;

    void info(std::string_view text) override;
    void warning(std::string_view text) override;
    void debug(std::string_view text) override;
    void progress(std::string_view what, std::uint64_t done, std::uint64_t total) override;
    void progress_done() override;

private:
    void wipe();

    std::string m_tool;
    std::ostream& m_info;
    std::ostream& m_err;
    Verbosity m_verbosity;
    bool m_terminal;
    bool m_drawn = false;
    std::chrono::steady_clock::time_point m_started{};
    std::chrono::steady_clock::time_point m_last{};
    std::string m_what;
};

bool stderr_is_terminal();

// "copy  [#######-----]  58%  0:07 left" without the line end; pure, for tests.
std::string progress_line(std::string_view what, std::uint64_t done, std::uint64_t total, double seconds,
                          int width);

} // namespace vz::cli
