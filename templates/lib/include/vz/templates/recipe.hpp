// SPDX-License-Identifier: GPL-2.0-or-later
// How a template is made, as text: NAME.recipe in /etc/vz/recipes (the administrator's) or
// /usr/share/vz/recipes.
//
//   # comment
//   INCLUDE=FILE.inc      another file of the same folders, read in place
//   DESCRIPTION=text      what it is good for
//   DISTRIBUTION=debian   name of the distribution
//   SUITE=trixie          its release in the package archive
//   ARCHITECTURE=amd64    Debian's name
//   COMPONENTS=main …     parts of the package archive
//   PACKAGES=a b …        besides the required ones; may be repeated
//   MASK=x.service …      units that cannot work in a container; may be repeated
//   REMOVE=path …         files and folders without use in a container; may be repeated
//
// The last of several DESCRIPTION, DISTRIBUTION, SUITE, ARCHITECTURE and COMPONENTS counts; the other lists
// grow.
#pragma once

#include "vz/base/result.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vz::templates {

struct Recipe {
    std::string name;
    std::string description;
    std::string distribution;
    std::string suite;
    std::string architecture;
    std::vector<std::string> components;
    std::vector<std::string> packages; // sorted, each once, as the next two
    std::vector<std::string> masked;
    std::vector<std::string> removed;
};

using ReadPart = std::function<Result<std::string>(const std::string& file)>;

// Pure but for `read`, which gives the text of an included file. Errc::bad_config names file and line.
Result<Recipe> parse_recipe(const std::string& name, std::string_view text, const ReadPart& read);

// The meaning of a recipe without comments, order and parts: equal text, equal template.
std::string canonical_text(const Recipe& recipe);

class RecipeBook {
public:
    // Folders that do not exist are fine; a file in an earlier folder hides one of the same name in a later.
    explicit RecipeBook(std::vector<std::string> folders) : m_folders(std::move(folders)) {}

    Result<std::vector<std::string>> names() const;     // sorted
    Result<Recipe> load(const std::string& name) const; // Errc::template_not_found

private:
    Result<std::optional<std::string>> read(const std::string& file) const;

    std::vector<std::string> m_folders;
};

} // namespace vz::templates
