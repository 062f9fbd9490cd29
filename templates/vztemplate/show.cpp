// SPDX-License-Identifier: GPL-2.0-or-later
// Verbs that only show.
#include "verbs.hpp"

#include "vz/base/text.hpp"
#include "vz/base/units.hpp"
#include "vz/cli/table.hpp"

#include <algorithm>
#include <ostream>
#include <sys/stat.h>

namespace vztemplate {

using namespace vz;
using templates::Template;

namespace {

struct Row {
    Template what;
    std::uint64_t size = 0;
    std::size_t users = 0;
};

using Column = cli::Column<Row>;

Column text_column(const char* key, const char* header, int width, const char* help,
                   const std::function<std::string(const Row&)>& text) {
    return {{key, header, width, cli::Align::left, help}, text, [text](const Row& row) {
                auto value = text(row);
                return value.empty() ? Json() : Json(std::move(value));
            }};
}

Column number_column(const char* key, const char* header, int width, const char* help,
                     const std::function<std::uint64_t(const Row&)>& number,
                     std::function<std::string(const Row&)> text) {
    return {{key, header, width, cli::Align::right, help}, std::move(text), [number](const Row& row) {
                return Json(number(row));
            }};
}

std::string of_manifest(const Row& row, std::string templates::Manifest::*member) {
    return row.what.manifest ? (*row.what.manifest).*member : std::string();
}

std::string date_of(const Row& row) {
    return row.what.manifest ? units::rfc3339(row.what.manifest->date) : std::string();
}

std::vector<Column> all_columns() {
    using M = templates::Manifest;
    return {
        text_column("name", "NAME", 26, "name of the template", [](const Row& row) { return row.what.name; }),
        number_column(
            "size", "SIZE", 7, "of the archive, in bytes", [](const Row& row) { return row.size; },
            [](const Row& row) { return units::human_size(row.size); }),
        text_column("date", "DATE", 20, "of the packages", date_of),
        text_column("suite", "SUITE", 9, "release",
                    [](const Row& row) { return of_manifest(row, &M::suite); }),
        text_column("architecture", "ARCH", 6, "Debian's name of the architecture",
                    [](const Row& row) { return of_manifest(row, &M::architecture); }),
        number_column(
            "users", "USERS", 5, "containers that run on its tree", [](const Row& row) { return row.users; },
            [](const Row& row) { return std::to_string(row.users); }),
        text_column("origin", "ORIGIN", 8, "how it came here",
                    [](const Row& row) { return of_manifest(row, &M::origin); }),
        text_column("tree", "TREE", 0, "id of the unpacked tree",
                    [](const Row& row) { return row.what.tree_id; }),
        text_column("sha256", "SHA256", 64, "of the archive", [](const Row& row) { return row.what.sha256; }),
        text_column("archive", "ARCHIVE", 0, "path of the archive",
                    [](const Row& row) { return row.what.archive; }),
    };
}

constexpr const char* k_default_columns = "name,size,date,suite,architecture,users";

Row row_of(const Template& what, const std::vector<std::string>& used) {
    struct stat st {};
    Row row{what, 0, 0};
    if (::stat(what.archive.c_str(), &st) == 0)
        row.size = static_cast<std::uint64_t>(st.st_size);
    // Trees of older archives of this name count too.
    row.users = static_cast<std::size_t>(std::count_if(used.begin(), used.end(), [&](const std::string& id) {
        return id.compare(0, what.name.size() + 1, what.name + "@") == 0;
    }));
    return row;
}

int list_recipes(const Call& call) {
    const auto names = call.recipes.names();
    if (!names)
        return cli::report(k_tool, names.error(), call.io.err);
    Json::Array out;
    for (const auto& name : *names) {
        const auto recipe = call.recipes.load(name);
        if (!recipe) {
            call.reporter.warning(recipe.error().what);
            continue;
        }
        out.push_back(Json::Object{{"name", name}, {"description", recipe->description}});
        if (!call.options.has("json"))
            call.io.out << format("{:<26} {}\n", name, text::printable(recipe->description));
    }
    if (call.options.has("json"))
        call.io.out << Json(std::move(out)).dump(2) << '\n';
    return 0;
}

Json info_json(const Template& what) {
    Json out = what.manifest ? to_json(*what.manifest) : Json(Json::Object{{"name", what.name}});
    out.set("path", what.archive);
    out.set("sha256", what.sha256);
    out.set("tree", what.tree_id);
    out.set("tree_path", what.tree_path);
    out.set("tree_ready", what.tree_ready);
    return out;
}

void print_info(const Template& what, std::ostream& out) {
    const auto line = [&](const char* key, const std::string& value) {
        if (!value.empty())
            out << format("{:<14}{}\n", key, text::printable(value));
    };
    line("name", what.name);
    line("archive", what.archive);
    line("sha256", what.sha256);
    line("tree", what.tree_path + (what.tree_ready ? "" : " (not unpacked yet)"));
    if (!what.manifest)
        return line("manifest", "none");
    const auto& manifest = *what.manifest;
    line("origin", manifest.origin);
    line("distribution", manifest.distribution);
    line("suite", manifest.suite);
    line("architecture", manifest.architecture);
    line("date", units::rfc3339(manifest.date));
    line("tool", manifest.tool);
    for (const auto& source : manifest.sources)
        line("source", source);
    for (const auto& package : manifest.packages)
        line("package", format("{} {} {}", package.name, package.version, package.architecture));
}

} // namespace

int list(const Call& call) {
    if (call.options.has("recipes"))
        return list_recipes(call);
    const auto columns =
        cli::select_columns(all_columns(), call.options.value("output").value_or(k_default_columns));
    if (!columns)
        return cli::report_usage(k_tool, columns.error(), call.io.err);
    const auto found = call.store.list();
    if (!found)
        return cli::report(k_tool, found.error(), call.io.err);
    const auto used = trees_in_use(call.host);
    if (!used)
        call.reporter.warning(used.error().what);
    std::vector<Row> rows;
    for (const auto& what : *found)
        rows.push_back(row_of(what, used.value_or({})));
    if (call.options.has("json"))
        call.io.out << cli::table_json(call.options.has("output") ? *columns : all_columns(), rows).dump(2)
                    << '\n';
    else
        call.io.out << cli::table_text(*columns, rows, {!call.options.has("no-header")});
    return 0;
}

int info(const Call& call) {
    int status = 0;
    Json::Array out;
    for (const auto& name : call.names) {
        const auto found = call.store.find(name, call.reporter);
        if (!found)
            status = cli::report(k_tool, found.error(), call.io.err);
        else if (call.options.has("json"))
            out.push_back(info_json(*found));
        else
            print_info(*found, call.io.out);
    }
    if (call.options.has("json"))
        call.io.out << Json(std::move(out)).dump(2) << '\n';
    return status == 0 || call.names.size() == 1 ? status : exit_code(Errc::system);
}

} // namespace vztemplate
