// SPDX-License-Identifier: GPL-2.0-or-later
// Container ids and names, as the classic tools define them.
#pragma once

#include "vz/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vz::config {

class Ctid {
public:
    static constexpr std::uint32_t k_first_free = 101; // 1–100 are reserved for the host's own use
    static constexpr std::uint32_t k_max = 2147483644;

    // 0 is the host itself. Nothing for anything that is not a plain number in range.
    static std::optional<Ctid> parse(std::string_view text);
    explicit constexpr Ctid(std::uint32_t value) : m_value(value) {}

    std::uint32_t value() const { return m_value; }
    std::string text() const { return std::to_string(m_value); }
    bool is_host() const { return m_value == 0; }
    auto operator<=>(const Ctid&) const = default;

private:
    std::uint32_t m_value;
};

// Letters, digits, blank and "-+_."; not empty, not only digits (that would be an id), at most 64 bytes, and
// not
// "." or ".." since names are file names in /etc/vz/names.
bool is_valid_name(std::string_view name);

} // namespace vz::config
