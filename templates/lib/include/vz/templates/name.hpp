// SPDX-License-Identifier: GPL-2.0-or-later
// Names of templates and of the files that belong to them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace vz::templates {

// A letter or digit, then letters, digits and "._+-"; at most 128 bytes. Such a name is safe as a file name.
bool is_template_name(std::string_view name);

// ".tar.zst", ".tar.xz", …: the better one first.
std::span<const std::string_view> archive_suffixes();

// "debian-13-x86_64-minimal" of "debian-13-x86_64-minimal.tar.zst"; nothing if it is not such a name.
std::optional<std::string> name_of_archive(std::string_view file_name);

// "<name>@<first 12 digits of the archive's sha256>": names an extracted tree by its content.
std::string tree_id(std::string_view name, std::string_view sha256);
std::optional<std::string> name_of_tree(std::string_view id); // nothing if it is not a tree id

} // namespace vz::templates
