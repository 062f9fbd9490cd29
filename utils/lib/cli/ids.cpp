// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/cli/ids.hpp"

#include "vz/base/text.hpp"

#include <istream>
#include <iterator>

namespace vz::cli {

namespace {

constexpr std::size_t k_limit = 16 << 20;

Result<std::string> slurp(std::istream& in) {
    std::string out;
    char buffer[65536];
    while (in.read(buffer, sizeof buffer) || in.gcount() > 0) {
        out.append(buffer, static_cast<std::size_t>(in.gcount()));
        if (out.size() > k_limit)
            return fail(Errc::usage, "standard input: more than {} bytes of ids", k_limit);
    }
    return out;
}

Result<std::vector<std::string>> read_ids(std::istream& in, Separator separator) {
    VZ_ASSIGN(const std::string all, slurp(in));
    if (separator == Separator::white_space)
        return text::words(all);
    if (all.empty())
        return std::vector<std::string>{};
    if (all.back() != '\0')
        return fail(Errc::usage, "standard input: the last id has no final NUL, the list seems cut");
    return text::split(std::string_view(all).substr(0, all.size() - 1), '\0');
}

} // namespace

Result<std::vector<std::string>> expand_ids(const std::vector<std::string>& operands, std::istream& in,
                                            Separator separator) {
    std::vector<std::string> ids;
    for (const auto& operand : operands) {
        if (operand != "-") {
            ids.push_back(operand);
            continue;
        }
        VZ_ASSIGN(const auto more, read_ids(in, separator));
        ids.insert(ids.end(), more.begin(), more.end());
    }
    return ids;
}

} // namespace vz::cli
