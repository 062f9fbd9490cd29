// SPDX-License-Identifier: GPL-2.0-or-later
#include "setting_values.hpp"

#include "vz/base/text.hpp"
#include "vz/base/units.hpp"
#include "vz/limits/id_list.hpp"
#include "vz/sys/mount.hpp"

#include <algorithm>
#include <array>
#include <unistd.h>

namespace vz::ops {

namespace {

constexpr std::uint64_t k_most_cpu = 100000; // per cent
constexpr std::uint64_t k_most_io = 2147483647;

Error bad_word(std::string_view what, std::string_view value) {
    return fail(Errc::bad_value, "Bad parameter: {} {}", what, text::printable(value));
}

Result<std::string> id_list(std::string_view s) {
    if (s == "all")
        return std::string(s);
    auto list = limits::IdList::parse(s);
    return list ? Result<std::string>(list->text()) : bad_word("a list like 0,3,5-7 or all expected, not", s);
}

} // namespace

Result<std::string> cpu_limit_value(std::string_view s) {
    const bool is_part = !s.empty() && s.back() == '%';
    const auto number = text::to_uint(is_part ? s.substr(0, s.size() - 1) : s);
    if (!number || *number > k_most_cpu)
        return bad_word("per cent of one CPU expected, or with % of all, not", s);
    const bool of_all = is_part && *number <= 100;
    const auto cpus = static_cast<std::uint64_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
    return std::to_string(of_all ? *number * cpus : *number);
}

Result<std::string> cpu_mask_value(std::string_view s) {
    return s == "auto" ? Result<std::string>(std::string(s)) : id_list(s);
}

Result<std::string> node_mask_value(std::string_view s) {
    return id_list(s);
}

Result<std::string> io_limit_value(std::string_view s) {
    if (s == "unlimited")
        return std::string("0");
    const auto bytes = units::parse_size(s, 1 << 20);
    if (!bytes || *bytes > k_most_io)
        return bad_word("megabytes per second up to 2047 expected, or a number with B, K, M or G, not", s);
    return std::to_string(*bytes);
}

Result<std::string> meminfo_value(std::string_view s) {
    const auto colon = s.find(':');
    const auto mode = s.substr(0, colon);
    const bool counts = mode == "pages" || mode == "privvmpages";
    const auto number = colon == s.npos ? std::nullopt : text::to_uint(s.substr(colon + 1));
    if (s != "none" && (!counts || !number || *number == 0))
        return bad_word("none, pages:N or privvmpages:N expected, not", s);
    return std::string(s);
}

Result<std::string> overcommit_value(std::string_view s) {
    const auto dot = s.find('.');
    const auto whole = text::to_uint(s.substr(0, dot));
    const auto fraction = dot == s.npos ? std::optional<std::uint64_t>(0) : text::to_uint(s.substr(dot + 1));
    if (!whole || !fraction || *whole > 1000000)
        return bad_word("a factor like 1.5 expected, not", s);
    return std::string(s);
}

Result<std::string> netfilter_value(std::string_view s) {
    constexpr std::array<std::string_view, 4> k_levels = {"disabled", "stateless", "stateful", "full"};
    if (std::find(k_levels.begin(), k_levels.end(), s) == k_levels.end())
        return bad_word("disabled, stateless, stateful or full expected, not", s);
    return std::string(s);
}

Result<std::string> mount_options_value(std::string_view s) {
    for (const auto& option : text::split(s, ','))
        if (!s.empty() && !sys::is_mount_option(option))
            return bad_word("not an option of a mount that is known here:", option);
    return std::string(s);
}

} // namespace vz::ops
