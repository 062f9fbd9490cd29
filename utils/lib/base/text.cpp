// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/base/text.hpp"

#include "vz/base/format.hpp"

#include <charconv>
#include <fnmatch.h>

namespace vz::text {

namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_control(unsigned char c) {
    return c < 0x20 || c == 0x7f;
}

// Length of the well-formed UTF-8 sequence at the start of `s` that encodes a printable code point, or 0.
std::size_t utf8_length(std::string_view s) {
    auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
    const unsigned lead = byte(0);
    const std::size_t length = lead >= 0xf0 && lead < 0xf5 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
    if (lead >= 0xf5 || length == 0 || s.size() < length)
        return 0;
    std::uint32_t code = lead & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0U) != 0x80)
            return 0;
        code = code << 6 | (byte(i) & 0x3fU);
    }
    const bool overlong =
        (length == 3 && code < 0x800) || (length == 4 && (code < 0x10000 || code > 0x10ffff));
    const bool surrogate = code >= 0xd800 && code < 0xe000;
    const bool c1_control = code < 0xa0;
    const bool reorders = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
    return overlong || surrogate || c1_control || reorders ? 0 : length;
}

} // namespace

std::vector<std::string> words(std::string_view s) {
    std::vector<std::string> out;
    std::size_t i = 0;
    while (i < s.size()) {
        while (i < s.size() && is_blank(s[i]))
            ++i;
        std::size_t start = i;
        while (i < s.size() && !is_blank(s[i]))
            ++i;
        if (i > start)
            out.emplace_back(s.substr(start, i - start));
    }
    return out;
}

std::vector<std::string> split(std::string_view s, char separator) {
    std::vector<std::string> out;
    for (;;) {
        const auto at = s.find(separator);
        out.emplace_back(s.substr(0, at));
        if (at == std::string_view::npos)
            return out;
        s.remove_prefix(at + 1);
    }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
    std::string out;
    for (const auto& part : parts) {
        if (&part != &parts.front())
            out += separator;
        out += part;
    }
    return out;
}

std::string_view trim(std::string_view s) {
    while (!s.empty() && is_blank(s.front()))
        s.remove_prefix(1);
    while (!s.empty() && is_blank(s.back()))
        s.remove_suffix(1);
    return s;
}

std::string lower(std::string_view s) {
    std::string out(s);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::optional<std::uint64_t> to_uint(std::string_view s) {
    std::uint64_t value = 0;
    const auto [end, ec] = std::from_chars(s.data(), s.data() + s.size(), value);
    if (s.empty() || ec != std::errc() || end != s.data() + s.size())
        return std::nullopt;
    return value;
}

bool has_control(std::string_view s) {
    for (unsigned char c : s)
        if (is_control(c))
            return true;
    return false;
}

std::string printable(std::string_view s) {
    std::string out;
    out.reserve(s.size());
    while (!s.empty()) {
        const auto c = static_cast<unsigned char>(s.front());
        std::size_t length = 1;
        if (c == '\n')
            out += "\\n";
        else if (c == '\t')
            out += "\\t";
        else if (c >= 0x20 && c < 0x7f)
            out += s.front();
        else if (c >= 0x80 && (length = utf8_length(s)) > 0)
            out += s.substr(0, length);
        else {
            out += format("\\x{:02x}", c);
            length = 1;
        }
        s.remove_prefix(length);
    }
    return out;
}

bool matches_glob(std::string_view pattern, std::string_view s) {
    return fnmatch(std::string(pattern).c_str(), std::string(s).c_str(), 0) == 0;
}

} // namespace vz::text
