// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/templates/recipe.hpp"

#include "vz/archive/member.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"
#include "vz/templates/name.hpp"

#include <algorithm>
#include <set>

namespace vz::templates {

namespace {

constexpr int k_max_depth = 8;
constexpr std::size_t k_max_recipe = 256 << 10;
constexpr std::string_view k_suffix = ".recipe";

bool consists_of(std::string_view s, std::string_view extra) {
    return !s.empty() && std::all_of(s.begin(), s.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || extra.find(c) != std::string_view::npos;
    });
}

bool is_word(std::string_view s) {
    return consists_of(s, "-") && s.front() != '-';
}
bool is_package(std::string_view s) {
    return consists_of(s, "+.-") && s.front() != '-' && s.front() != '+';
}

bool is_unit(std::string_view s) {
    const auto dot = s.rfind('.');
    if (dot == std::string_view::npos || dot == 0 || s.size() > 200)
        return false;
    const auto kind = s.substr(dot + 1);
    return consists_of(text::lower(s), "@._:-") &&
           (kind == "service" || kind == "socket" || kind == "timer" || kind == "mount" ||
            kind == "automount" || kind == "path" || kind == "target");
}

bool is_plain_path(std::string_view s) {
    const auto path = archive::member_path(s);
    return path && !path->empty();
}

bool is_part_name(std::string_view s) {
    return s.size() > 4 && s.substr(s.size() - 4) == ".inc" && is_template_name(s);
}

class Parser {
public:
    explicit Parser(const ReadPart& read) : m_read(read) {}

    Result<void> parse(std::string_view text, int depth) {
        if (depth > k_max_depth)
            return fail(Errc::bad_config, "files include each other too deeply");
        std::size_t number = 0;
        for (const auto& raw : text::split(text, '\n')) {
            ++number;
            const auto line = text::trim(raw);
            if (line.empty() || line.front() == '#')
                continue;
            VZ_TRY(take_line(line, depth).context(format("line {}", number)));
        }
        return {};
    }

    Result<Recipe> finish(const std::string& name) {
        m_recipe.name = name;
        if (m_recipe.suite.empty() || m_recipe.architecture.empty() || m_recipe.distribution.empty() ||
            m_recipe.components.empty())
            return fail(Errc::bad_config, "DISTRIBUTION, SUITE, ARCHITECTURE and COMPONENTS are needed");
        m_recipe.packages = {m_packages.begin(), m_packages.end()};
        m_recipe.masked = {m_masked.begin(), m_masked.end()};
        m_recipe.removed = {m_removed.begin(), m_removed.end()};
        return std::move(m_recipe);
    }

private:
    Result<void> take_line(std::string_view line, int depth) {
        const auto equals = line.find('=');
        if (equals == std::string_view::npos || text::has_control(line))
            return fail(Errc::bad_config, "not KEY=value: {}", text::printable(line));
        const auto key = line.substr(0, equals);
        const auto value = text::trim(line.substr(equals + 1));
        if (key == "INCLUDE")
            return include(std::string(value), depth);
        if (key == "DESCRIPTION") {
            m_recipe.description = value;
            return {};
        }
        if (key == "COMPONENTS")
            return set_components(value);
        if (key == "PACKAGES")
            return grow(m_packages, value, is_package, "package name");
        if (key == "MASK")
            return grow(m_masked, value, is_unit, "unit name");
        if (key == "REMOVE")
            return grow(m_removed, value, is_plain_path, "path inside the template");
        auto* word = key == "DISTRIBUTION"   ? &m_recipe.distribution
                     : key == "SUITE"        ? &m_recipe.suite
                     : key == "ARCHITECTURE" ? &m_recipe.architecture
                                             : nullptr;
        if (!word)
            return fail(Errc::bad_config, "unknown key {}", text::printable(key));
        if (!is_word(value))
            return fail(Errc::bad_config, "bad value of {}: {}", key, text::printable(value));
        *word = value;
        return {};
    }

    Result<void> include(const std::string& file, int depth) {
        if (!is_part_name(file))
            return fail(Errc::bad_config, "not the name of an .inc file: {}", text::printable(file));
        VZ_ASSIGN(const auto text, m_read(file));
        return parse(text, depth + 1).context(file);
    }

    Result<void> set_components(std::string_view value) {
        m_recipe.components = text::words(value);
        for (const auto& word : m_recipe.components)
            if (!is_word(word))
                return fail(Errc::bad_config, "not a component: {}", text::printable(word));
        return {};
    }

    static Result<void> grow(std::set<std::string>& list, std::string_view value,
                             bool (*is_good)(std::string_view), const char* what) {
        for (const auto& word : text::words(value)) {
            if (!is_good(word))
                return fail(Errc::bad_config, "not a {}: {}", what, text::printable(word));
            list.insert(word);
        }
        return {};
    }

    const ReadPart& m_read;
    Recipe m_recipe;
    std::set<std::string> m_packages;
    std::set<std::string> m_masked;
    std::set<std::string> m_removed;
};

} // namespace

Result<Recipe> parse_recipe(const std::string& name, std::string_view text, const ReadPart& read) {
    Parser parser(read);
    VZ_TRY(parser.parse(text, 0).context(name + std::string(k_suffix)));
    return parser.finish(name).context(name + std::string(k_suffix));
}

std::string canonical_text(const Recipe& recipe) {
    return format(
        "DISTRIBUTION={}\nSUITE={}\nARCHITECTURE={}\nCOMPONENTS={}\nPACKAGES={}\nMASK={}\nREMOVE={}\n",
        recipe.distribution, recipe.suite, recipe.architecture, text::join(recipe.components, " "),
        text::join(recipe.packages, " "), text::join(recipe.masked, " "), text::join(recipe.removed, " "));
}

Result<std::vector<std::string>> RecipeBook::names() const {
    std::set<std::string> out;
    for (const auto& folder : m_folders) {
        if (!sys::exists(folder))
            continue;
        VZ_ASSIGN(const auto dir, sys::Dir::open(folder));
        VZ_ASSIGN(const auto files, dir.list());
        for (const auto& file : files) {
            if (file.size() <= k_suffix.size() || file.substr(file.size() - k_suffix.size()) != k_suffix)
                continue;
            const auto name = file.substr(0, file.size() - k_suffix.size());
            if (is_template_name(name))
                out.insert(name);
        }
    }
    return std::vector<std::string>(out.begin(), out.end());
}

Result<std::optional<std::string>> RecipeBook::read(const std::string& file) const {
    for (const auto& folder : m_folders) {
        VZ_ASSIGN(auto content, sys::read_file(folder + "/" + file, k_max_recipe));
        if (content)
            return content;
    }
    return std::optional<std::string>();
}

Result<Recipe> RecipeBook::load(const std::string& name) const {
    if (!is_template_name(name))
        return fail(Errc::bad_value, "'{}' is not a template name", text::printable(name));
    VZ_ASSIGN(const auto text, read(name + std::string(k_suffix)));
    if (!text)
        return fail(Errc::template_not_found, "no recipe '{}'; see 'vztemplate list --recipes'", name);
    return parse_recipe(name, *text, [this](const std::string& file) -> Result<std::string> {
        VZ_ASSIGN(auto part, read(file));
        if (!part)
            return fail(Errc::bad_config, "{} is missing", file);
        return *std::move(part);
    });
}

} // namespace vz::templates
