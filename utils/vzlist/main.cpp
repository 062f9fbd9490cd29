// SPDX-License-Identifier: GPL-2.0-or-later
// vzlist: the containers of this host, as lines or JSON.
#include "fields.hpp"
#include "vz/base/text.hpp"
#include "vz/cli/ids.hpp"
#include "vz/cli/options.hpp"
#include "vz/cli/progress.hpp"
#include "vz/cli/tool.hpp"
#include "vz/config/registry.hpp"
#include "vz/ops/list.hpp"

#include <algorithm>
#include <iostream>
#include <optional>

using namespace vz;
using cli::Takes;

namespace {

const std::string k_tool = "vzlist";
constexpr std::string_view k_default_fields = "ctid,numproc,status,ip,hostname";
constexpr std::string_view k_named_fields = "smart_name,numproc,status,ip,hostname";

cli::Usage usage() {
    return {
        .tool = k_tool,
        .synopsis = {"vzlist [-a | -S] [-n] [-H] [-t] [-j] [-o FIELD,… | -1] [-s [-]FIELD]",
                     "       [-h GLOB] [-N GLOB] [-d GLOB] [CTID|NAME|-]…", "vzlist -L"},
        .summary = "Lists the running containers, or those that are named",
        .options = {{"all", 'a', Takes::nothing, "", "list all, not only those that run"},
                    {"stopped", 'S', Takes::nothing, "", "list those that do not run"},
                    {"name", 'n', Takes::nothing, "", "show names in place of ids, where there are names"},
                    {"no-header", 'H', Takes::nothing, "", "no line of headers"},
                    {"no-trim", 't', Takes::nothing, "", "whole texts and lists, whatever their length"},
                    {"json", 'j', Takes::nothing, "", "a JSON array; all fields unless -o says which"},
                    {"output", 'o', Takes::value, "FIELD,…", "these fields"},
                    {"ids", '1', Takes::nothing, "", "ids only, as -H -o ctid"},
                    {"sort", 's', Takes::value, "[-]FIELD", "sort by this field; with - the other way round"},
                    {"hostname", 'h', Takes::value, "GLOB", "only those whose host name matches"},
                    {"name_filter", 'N', Takes::value, "GLOB", "only those whose name matches"},
                    {"description", 'd', Takes::value, "GLOB", "only those whose description matches"},
                    {"list", 'L', Takes::nothing, "", "print the names of all fields"},
                    {"null", '0', Takes::nothing, "", "ids read for \"-\" and ids printed by -1 end in NUL"},
                    {"help", 0, Takes::nothing, "", "print this help"},
                    {"version", 'V', Takes::nothing, "", "print the version"}},
        .notes = "-h is not help here: the classic tool took it for host names\n"};
}

// The classic texts stand alone on their line, as clients know them.
int say(const Error& error, cli::Io io) {
    io.err << text::printable(error.what) << '\n' << std::flush;
    return exit_code(error.code);
}

struct SortBy {
    vzlist::Field field;
    bool reverse = false;
};

struct Task {
    ops::ListRequest request;
    std::vector<vzlist::Field> fields;
    std::optional<SortBy> sort;
    vzlist::Long treatment = vzlist::Long::cut;
    bool json = false;
    bool header = true;
    bool nul = false; // after each printed id
};

struct Row {
    vzlist::Value key;
    std::vector<std::string> cells; // in JSON: the object
};

Result<std::optional<SortBy>> sort_of(const cli::Parsed& given) {
    const auto name = given.value("sort");
    if (!name)
        return std::optional<SortBy>{};
    const bool reverse = name->rfind('-', 0) == 0;
    const auto* field = vzlist::field_named(std::string_view(*name).substr(reverse ? 1 : 0));
    if (!field)
        return fail(Errc::failed, "Invalid sort field name: {}", text::printable(*name));
    return std::optional(SortBy{*field, reverse});
}

Result<std::vector<vzlist::Field>> fields_of(const cli::Parsed& given, bool json) {
    const auto form = json ? vzlist::Form::json : vzlist::Form::text;
    if (const auto list = given.value("output"))
        return vzlist::chosen_fields(*list, form);
    if (given.has("ids"))
        return vzlist::chosen_fields("ctid", form);
    if (json)
        return vzlist::json_fields();
    return vzlist::chosen_fields(given.has("name") ? k_named_fields : k_default_fields, form);
}

Result<std::optional<std::vector<config::Ctid>>> ids_of(const config::Host& host, const cli::Parsed& given,
                                                        std::istream& in) {
    if (given.operands().empty())
        return std::optional<std::vector<config::Ctid>>{};
    const auto separator = given.has("null") ? cli::Separator::nul : cli::Separator::white_space;
    VZ_ASSIGN(const auto words, cli::expand_ids(given.operands(), in, separator));
    std::vector<config::Ctid> ids;
    for (const auto& word : words) {
        const auto ctid = config::resolve(host.paths, word);
        if (!ctid || ctid->is_host())
            return fail(Errc::failed, "CT ID {} is invalid", text::printable(word));
        ids.push_back(*ctid);
    }
    return std::optional(std::move(ids));
}

Result<Task> task_of(const cli::Parsed& given) {
    Task task;
    task.json = given.has("json");
    task.header = !given.has("no-header") && !given.has("ids");
    task.nul = given.has("null") && given.has("ids");
    task.treatment = given.has("no-trim") ? vzlist::Long::keep : vzlist::Long::cut;
    VZ_ASSIGN(task.fields, fields_of(given, task.json));
    VZ_ASSIGN(task.sort, sort_of(given));
    task.request.hostname = given.value("hostname");
    task.request.name = given.value("name_filter");
    task.request.description = given.value("description");
    if (given.has("stopped"))
        task.request.show = ops::Show::not_running;
    else if (given.has("all"))
        task.request.show = ops::Show::all;
    return task;
}

Row row_of(const Task& task, const ops::Listed& listed) {
    Row row;
    if (task.sort)
        row.key = vzlist::sort_key(task.sort->field, listed);
    if (task.json)
        row.cells = {vzlist::json_object(task.fields, listed).dump()};
    else if (task.nul)
        row.cells = {listed.ctid.text()};
    else
        row.cells = vzlist::cells(task.fields, listed, task.treatment);
    return row;
}

// Rows come by id; equal ones keep that order.
void sort_rows(std::vector<Row>& rows, const SortBy& sort) {
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.key < b.key; });
    if (sort.reverse)
        std::reverse(rows.begin(), rows.end());
}

void print_json(const std::vector<Row>& rows, std::ostream& out) {
    out << '[';
    for (const auto& row : rows)
        out << (&row == rows.data() ? "\n  " : ",\n  ") << row.cells.front();
    out << (rows.empty() ? "]\n" : "\n]\n");
}

void print_lines(const Task& task, const std::vector<Row>& rows, std::ostream& out) {
    std::vector<cli::ColumnFormat> columns;
    for (const auto& field : task.fields)
        columns.push_back(field.format);
    std::vector<std::vector<std::string>> lines;
    for (const auto& row : rows)
        lines.push_back(row.cells);
    out << cli::format_lines(columns, lines, {.header = task.header});
}

void print(const Task& task, const std::vector<Row>& rows, std::ostream& out) {
    if (task.json) {
        print_json(rows, out);
    } else if (task.nul) {
        for (const auto& row : rows)
            out << row.cells.front() << '\0';
    } else if (!rows.empty()) {
        print_lines(task, rows, out);
    }
}

Result<int> list(const cli::Parsed& given, cli::Io io) {
    VZ_ASSIGN(auto task, task_of(given));
    VZ_ASSIGN(const auto host, config::Host::load());
    VZ_ASSIGN(task.request.ids, ids_of(host, given, io.in));
    if (task.request.ids && task.request.show == ops::Show::running)
        task.request.show = ops::Show::all;
    cli::Talker talk(k_tool, io.err, io.err, cli::Verbosity::brief, false);
    std::vector<Row> rows;
    VZ_ASSIGN(const auto missing,
              ops::list_containers(host, task.request, talk,
                                   [&](const ops::Listed& listed) { rows.push_back(row_of(task, listed)); }));
    if (task.sort)
        sort_rows(rows, *task.sort);
    print(task, rows, io.out);
    if (rows.empty())
        return fail(Errc::failed, "Container(s) not found");
    for (const auto ctid : missing)
        io.err << k_tool << ": CT " << ctid.value() << ": Container config file does not exist\n";
    return missing.empty() ? 0 : exit_code(Errc::system); // some of several
}

int print_fields(std::ostream& out) {
    for (const auto& field : vzlist::fields())
        out << format("{:<15} {:<15}\n", field.format.key, field.format.header);
    return 0;
}

int run(const cli::Parsed& given, cli::Io io) {
    if (given.has("list"))
        return print_fields(io.out);
    const auto status = list(given, io);
    return status ? *status : say(status.error(), io);
}

} // namespace

int main(int argc, char** argv) {
    return cli::tool_main(usage(), run, argc, argv);
}
