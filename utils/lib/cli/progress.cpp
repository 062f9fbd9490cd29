// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/cli/progress.hpp"

#include "vz/base/format.hpp"
#include "vz/base/text.hpp"

#include <algorithm>
#include <ostream>
#include <sys/ioctl.h>
#include <unistd.h>

namespace vz::cli {

namespace {

int terminal_width() {
    winsize size{};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

std::string clock_time(double seconds) {
    const auto s = static_cast<long>(seconds);
    return format("{}:{:02}", s / 60, s % 60);
}

} // namespace

bool stderr_is_terminal() {
    return ::isatty(STDERR_FILENO) != 0;
}

std::string progress_line(std::string_view what, std::uint64_t done, std::uint64_t total, double seconds,
                          int width) {
    const std::string label = text::printable(what);
    if (total == 0)
        return format("{}  {}", label, clock_time(seconds)).substr(0, static_cast<std::size_t>(width - 1));
    const double part = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
    std::string tail = format(" {:3.0f}%", part * 100);
    if (part > 0.02 && seconds > 1)
        tail += format("  {} left", clock_time(seconds / part - seconds));
    const int room = std::clamp(width - 1 - static_cast<int>(label.size() + tail.size()) - 4, 0, 40);
    const auto filled = static_cast<std::size_t>(part * room);
    const std::string bar = room < 5 ? ""
                                     : "[" + std::string(filled, '#') +
                                           std::string(static_cast<std::size_t>(room) - filled, '-') + "]";
    return format("{}  {}{}", label, bar, tail).substr(0, static_cast<std::size_t>(width - 1));
}

Talker::Talker(std::string tool, std::ostream& info_to, std::ostream& err, Verbosity verbosity, bool terminal)
    : m_tool(std::move(tool)), m_info(info_to), m_err(err), m_verbosity(verbosity), m_terminal(terminal) {}

Talker::~Talker() {
    wipe();
}

void Talker::info(std::string_view text) {
    if (m_verbosity < Verbosity::normal)
        return;
    wipe();
    m_info << text::printable(text) << '\n' << std::flush;
}

void Talker::warning(std::string_view text) {
    if (m_verbosity == Verbosity::quiet)
        return;
    wipe();
    m_err << (m_tool.empty() ? "" : m_tool + ": warning: ") << text::printable(text) << '\n' << std::flush;
}

void Talker::debug(std::string_view text) {
    if (m_verbosity != Verbosity::verbose)
        return;
    wipe();
    m_err << (m_tool.empty() ? "" : m_tool + ": ") << text::printable(text) << '\n' << std::flush;
}

void Talker::progress(std::string_view what, std::uint64_t done, std::uint64_t total) {
    if (!m_terminal || m_verbosity == Verbosity::quiet)
        return;
    const auto now = std::chrono::steady_clock::now();
    if (what != m_what || m_started.time_since_epoch().count() == 0) {
        m_what = std::string(what);
        m_started = now;
    } else if (now - m_last < std::chrono::milliseconds(100)) {
        return;
    }
    m_last = now;
    const double seconds = std::chrono::duration<double>(now - m_started).count();
    m_err << '\r' << progress_line(what, done, total, seconds, terminal_width()) << "\x1b[K" << std::flush;
    m_drawn = true;
}

void Talker::progress_done() {
    wipe();
    m_what.clear();
}

void Talker::wipe() {
    if (m_drawn)
        m_err << "\r\x1b[K" << std::flush;
    m_drawn = false;
}

} // namespace vz::cli
