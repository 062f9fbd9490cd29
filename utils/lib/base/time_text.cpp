// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/base/time_text.hpp"

#include <array>
#include <ctime>

namespace vz::text {

std::string utc_time(std::int64_t seconds) {
    const auto time = static_cast<std::time_t>(seconds);
    std::tm parts{};
    std::array<char, 40> out{};
    const bool known = ::gmtime_r(&time, &parts) != nullptr;
    return {out.data(), known ? std::strftime(out.data(), out.size(), "%Y-%m-%dT%H:%M:%SZ", &parts) : 0};
}

std::string local_time(std::int64_t seconds) {
    const auto time = static_cast<std::time_t>(seconds);
    std::tm parts{};
    std::array<char, 40> out{};
    const bool known = ::localtime_r(&time, &parts) != nullptr;
    return {out.data(), known ? std::strftime(out.data(), out.size(), "%Y-%m-%d %H:%M:%S", &parts) : 0};
}

} // namespace vz::text
