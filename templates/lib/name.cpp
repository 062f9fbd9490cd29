// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/templates/name.hpp"

#include <algorithm>
#include <array>

namespace vz::templates {

namespace {

constexpr std::array<std::string_view, 5> k_suffixes{".tar.zst", ".tar.xz", ".tar.gz", ".tar.bz2", ".tar"};
constexpr std::size_t k_digest_part = 12;

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

} // namespace

bool is_template_name(std::string_view name) {
    return !name.empty() && name.size() <= 128 && is_alphanumeric(name.front()) &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return is_alphanumeric(c) || std::string_view("._+-").find(c) != std::string_view::npos;
           });
}

std::span<const std::string_view> archive_suffixes() {
    return k_suffixes;
}

std::optional<std::string> name_of_archive(std::string_view file_name) {
    for (const auto suffix : k_suffixes) {
        if (file_name.size() <= suffix.size() || file_name.substr(file_name.size() - suffix.size()) != suffix)
            continue;
        const auto name = file_name.substr(0, file_name.size() - suffix.size());
        return is_template_name(name) ? std::optional(std::string(name)) : std::nullopt;
    }
    return std::nullopt;
}

std::string tree_id(std::string_view name, std::string_view sha256) {
    return std::string(name) + "@" + std::string(sha256.substr(0, k_digest_part));
}

std::optional<std::string> name_of_tree(std::string_view id) {
    const auto at = id.rfind('@');
    if (at == std::string_view::npos || id.size() - at - 1 != k_digest_part ||
        !is_template_name(id.substr(0, at)))
        return std::nullopt;
    const auto digest = id.substr(at + 1);
    if (digest.find_first_not_of("0123456789abcdef") != std::string_view::npos)
        return std::nullopt;
    return std::string(id.substr(0, at));
}

} // namespace vz::templates
