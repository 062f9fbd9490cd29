// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/base/base64.hpp"

#include <algorithm>
#include <cstdint>

namespace vz {

namespace {

constexpr std::string_view k_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::uint32_t byte_at(std::string_view bytes, std::size_t at) {
    return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0;
}

} // namespace

std::string to_base64(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const auto group = byte_at(bytes, at) << 16 | byte_at(bytes, at + 1) << 8 | byte_at(bytes, at + 2);
        const auto digits = std::min<std::size_t>(bytes.size() - at, 3) + 1;
        for (std::size_t i = 0; i < 4; ++i)
            out += i < digits ? k_digits[group >> (18 - 6 * i) & 63] : '=';
    }
    return out;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0)
        return std::nullopt;
    const auto padding = text.empty() ? 0 : text.size() - 1 - text.find_last_not_of('=');
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += 4) {
        std::uint32_t group = 0;
        for (std::size_t i = at; i < at + 4; ++i) {
            const auto digit = i + padding >= text.size() ? 0 : k_digits.find(text[i]);
            if (digit == std::string_view::npos)
                return std::nullopt;
            group = group << 6 | static_cast<std::uint32_t>(digit);
        }
        for (const int shift : {16, 8, 0})
            out += static_cast<char>(group >> shift & 255);
    }
    if (padding > 2)
        return std::nullopt;
    out.resize(out.size() - padding);
    if (to_base64(out) != text) // bits that mean nothing must be none
        return std::nullopt;
    return out;
}

} // namespace vz
