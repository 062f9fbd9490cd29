// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/unpack/talk.hpp"

#include "vz/base/text.hpp"

namespace vz::unpack {

namespace {

constexpr std::chrono::milliseconds k_pause{100};

// Takes the first word away.
std::string_view next_word(std::string_view& text) {
    const auto end = text.find(' ');
    const auto word = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return word;
}

std::uint64_t next_number(std::string_view& text) {
    return text::to_uint(next_word(text)).value_or(0);
}

Error error_in(std::string_view text) {
    const auto code = next_number(text);
    const auto sys_errno = next_number(text);
    for (const auto& known : errc_table())
        if (known.code != Errc::ok && static_cast<std::uint64_t>(exit_code(known.code)) == code)
            return Error{known.code, static_cast<int>(sys_errno), std::string(text)};
    return Error{Errc::internal, static_cast<int>(sys_errno), std::string(text)};
}

} // namespace

void Speaker::say(std::string_view kind, std::string_view text) {
    m_write(format("{}{}{}", kind, text.empty() ? "" : " ", text) + '\0');
}

void Speaker::progress(std::string_view what, std::uint64_t done, std::uint64_t total) {
    const auto now = std::chrono::steady_clock::now();
    if (now < m_next)
        return;
    m_next = now + k_pause;
    say("progress", format("{} {} {}", done, total, what));
}

void Speaker::progress_done() {
    m_next = {};
    say("progress_done", "");
}

void Speaker::answer(const Result<std::string>& result) {
    if (result)
        return say("value", *result);
    const auto& error = result.error();
    say("error", format("{} {} {}", exit_code(error.code), error.sys_errno, error.what));
}

void Listener::hear(std::string_view piece) {
    for (auto end = piece.find('\0'); end != std::string_view::npos; end = piece.find('\0')) {
        m_rest += piece.substr(0, end);
        piece.remove_prefix(end + 1);
        take(m_rest);
        m_rest.clear();
    }
    m_rest += piece;
}

void Listener::take(std::string_view message) {
    const auto kind = next_word(message);
    if (kind == "progress") {
        const auto done = next_number(message);
        const auto total = next_number(message);
        m_reporter.progress(message, done, total);
    } else if (kind == "progress_done") {
        m_reporter.progress_done();
    } else if (kind == "info") {
        m_reporter.info(message);
    } else if (kind == "warning") {
        m_reporter.warning(message);
    } else if (kind == "debug") {
        m_reporter.debug(message);
    } else if (kind == "value") {
        m_answer = Result<std::string>(std::string(message));
    } else if (kind == "error") {
        m_answer = Result<std::string>(error_in(message));
    }
}

} // namespace vz::unpack
