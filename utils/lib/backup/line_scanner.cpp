// SPDX-License-Identifier: GPL-2.0-or-later
#include "line_scanner.hpp"

#include <charconv>

namespace vz::backup {

Error LineScanner::broken(std::string_view what) const {
    return fail(Errc::failed, "damaged line: {} expected {} bytes before its end", what, m_rest.size());
}

bool LineScanner::take(char c) {
    if (m_rest.empty() || m_rest.front() != c)
        return false;
    m_rest.remove_prefix(1);
    return true;
}

bool LineScanner::take_word(std::string_view word) {
    if (m_rest.substr(0, word.size()) != word)
        return false;
    m_rest.remove_prefix(word.size());
    return true;
}

Result<void> LineScanner::expect(char c) {
    return take(c) ? Result<void>() : broken(std::string_view(&c, 1));
}

Result<std::string> LineScanner::string() {
    VZ_TRY(expect('"'));
    std::string out;
    for (;;) {
        const auto plain = m_rest.find_first_of("\"\\");
        if (plain == std::string_view::npos)
            return broken("\"");
        out += m_rest.substr(0, plain);
        m_rest.remove_prefix(plain);
        if (take('"'))
            return out;
        VZ_TRY(escaped(out));
    }
}

// Only those that append_line() writes: RFC 8259 has more.
Result<void> LineScanner::escaped(std::string& out) {
    VZ_TRY(expect('\\'));
    for (const char c : {'"', '\\'})
        if (take(c)) {
            out += c;
            return {};
        }
    return broken("an escape");
}

Result<std::uint64_t> LineScanner::number(std::uint64_t most) {
    std::uint64_t value = 0;
    const auto* end = m_rest.data() + m_rest.size();
    const auto parsed = std::from_chars(m_rest.data(), end, value);
    if (parsed.ec != std::errc() || value > most)
        return broken("a smaller number");
    m_rest.remove_prefix(static_cast<std::size_t>(parsed.ptr - m_rest.data()));
    return value;
}

Result<bool> LineScanner::boolean() {
    if (take_word("true"))
        return true;
    return take_word("false") ? Result<bool>(false) : broken("true or false");
}

Result<void> LineScanner::skip() {
    if (m_rest.empty())
        return broken("a value");
    if (m_rest.front() == '"') {
        VZ_TRY(string());
        return {};
    }
    if (m_rest.front() == '{')
        return object([this](std::string_view) -> Result<void> {
            VZ_TRY(string()); // flat, as attributes are: no depth to run out of
            return {};
        });
    if (m_rest.front() == 't' || m_rest.front() == 'f') {
        VZ_TRY(boolean());
        return {};
    }
    VZ_TRY(number(UINT64_MAX));
    return {};
}

Result<void> LineScanner::end() {
    return m_rest.empty() ? Result<void>() : broken("nothing more");
}

} // namespace vz::backup
