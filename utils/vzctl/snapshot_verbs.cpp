// SPDX-License-Identifier: GPL-2.0-or-later
#include "snapshot_verbs.hpp"

#include "vz/base/text.hpp"
#include "vz/cli/table.hpp"
#include "vz/ops/snapshot.hpp"

#include <ctime>
#include <ostream>

namespace vz::vzctl {

namespace {

using cli::Align;
using cli::Option;
using cli::Takes;

Option id_option(const char* help) {
    return {"id|uuid", 0, Takes::value, "UUID", help};
}

Result<std::string> wanted_id(const cli::Parsed& parsed) {
    const auto given = parsed.value("id");
    if (!given)
        return fail(Errc::bad_syntax, "which snapshot? give --id");
    return ops::parse_snapshot_id(*given);
}

// What is shown of one snapshot.
struct Row {
    ops::Snapshot snapshot;
    bool current = false;
};

std::string in_braces(const std::string& id) {
    return id.empty() ? std::string() : "{" + id + "}";
}

std::string date_of(std::int64_t seconds) {
    const std::time_t at = seconds;
    std::tm local{};
    char text[32] = "";
    if (at != 0 && ::localtime_r(&at, &local))
        std::strftime(text, sizeof text, "%F %T", &local);
    return text;
}

cli::Column<Row> column(const char* key, const char* header, int width,
                        const std::function<std::string(const Row&)>& text) {
    return {{key, header, width, Align::left, ""}, text, [text](const Row& row) {
                const auto value = text(row);
                return value.empty() ? Json() : Json(value);
            }};
}

// Names, headers and widths of the classic snapshot-list.
std::vector<cli::Column<Row>> columns() {
    return {
        column("parent_uuid", "PARENT_UUID", 38,
               [](const Row& row) { return in_braces(row.snapshot.parent); }),
        {{"current", "C", 1, Align::left, ""},
         [](const Row& row) { return std::string(row.current ? "*" : " "); },
         [](const Row& row) { return Json(row.current); }},
        column("uuid", "UUID", 38, [](const Row& row) { return in_braces(row.snapshot.id); }),
        column("date", "DATE", 19, [](const Row& row) { return date_of(row.snapshot.date); }),
        {{"name", "NAME", 32, Align::left, ""},
         [](const Row& row) { return row.snapshot.lost ? "(unknown)" : row.snapshot.name; },
         [](const Row& row) { return row.snapshot.name.empty() ? Json() : Json(row.snapshot.name); }},
        column("desc", "DESC", 32, [](const Row& row) { return row.snapshot.description; }),
        column("device", "DEVICE", 32, [](const Row&) { return std::string(); }),
        column("target", "TARGET", 32, [](const Row& row) { return row.snapshot.mounted_at; }),
    };
}

Result<std::vector<Row>> rows_of(const Call& call, const cli::Parsed& parsed) {
    VZ_ASSIGN(const auto tree, ops::list_snapshots(call.context, call.ctid));
    std::optional<std::string> only;
    if (parsed.has("id")) {
        VZ_ASSIGN(only, wanted_id(parsed));
        if (!tree.find(*only))
            return fail(Errc::snapshot_list, "there is no snapshot {{{}}}", *only);
    }
    std::vector<Row> rows;
    for (const auto& snapshot : tree.snapshots)
        if (!only || snapshot.id == *only)
            rows.push_back({snapshot, snapshot.id == tree.current});
    return rows;
}

int print_fields(std::ostream& out) {
    for (const auto& one : columns())
        out << format("{:<15} {}\n", one.key, one.header);
    return 0;
}

} // namespace

std::vector<Option> snapshot_options() {
    return {id_option("its id; without it a new one"),
            {"name", 0, Takes::value, "NAME", "what to call it"},
            {"description", 0, Takes::value, "TEXT", "what it is for"},
            {"skip-suspend", 0, Takes::nothing, "", ""}, // nothing of a running one but its files is kept
            {"skip-config", 0, Takes::nothing, "", "do not keep the configuration with it"}};
}

std::vector<Option> snapshot_switch_options() {
    return {id_option("the snapshot"),
            {"skip-resume", 0, Takes::nothing, "", "leave it stopped"},
            {"must-resume", 0, Takes::nothing, "", "start it although it did not run"},
            {"skip-config", 0, Takes::nothing, "", "leave the configuration as it is"},
            dry_run_option()};
}

std::vector<Option> snapshot_delete_options() {
    return {id_option("the snapshot"), dry_run_option()};
}

std::vector<Option> snapshot_umount_options() {
    return {id_option("the snapshot")};
}

std::vector<Option> snapshot_mount_options() {
    return {id_option("the snapshot"), {"target", 0, Takes::value, "FOLDER", "where, on the host"}};
}

std::vector<Option> snapshot_list_options() {
    return {id_option("only this one"),
            {"no-header", 'H', Takes::nothing, "", "without the line of titles"},
            {"output", 'o', Takes::value, "FIELD,...", "these fields"},
            {"list", 'L', Takes::nothing, "", "which fields there are"},
            {"json", 'j', Takes::nothing, "", "as JSON"}};
}

Result<int> run_snapshot(const Call& call) {
    VZ_ASSIGN(const auto parsed, parse_options(*find_verb("snapshot"), call.arguments));
    ops::SnapshotRequest request{std::nullopt, parsed.value("name").value_or(""),
                                 parsed.value("description").value_or(""), parsed.has("skip-config")};
    for (const auto& text : {request.name, request.description})
        if (text::has_control(text))
            return fail(Errc::bad_value, "control characters in {}", text::printable(text));
    if (parsed.has("id")) {
        VZ_ASSIGN(request.id, wanted_id(parsed));
    }
    VZ_TRY(ops::take_snapshot(call.context, call.ctid, request));
    return 0;
}

Result<int> run_snapshot_switch(const Call& call) {
    VZ_ASSIGN(const auto parsed, parse_options(*find_verb("snapshot-switch"), call.arguments));
    VZ_ASSIGN(const auto id, wanted_id(parsed));
    if (parsed.has("skip-resume") && parsed.has("must-resume"))
        return fail(Errc::bad_syntax, "--skip-resume or --must-resume, not both");
    const auto resume = parsed.has("skip-resume")   ? ops::Resume::never
                        : parsed.has("must-resume") ? ops::Resume::must
                                                    : ops::Resume::if_it_ran;
    VZ_TRY(ops::switch_snapshot(call.context, call.ctid,
                                {id, parsed.has("skip-config"), resume, dry_run(parsed)}));
    return 0;
}

Result<int> run_snapshot_delete(const Call& call) {
    VZ_ASSIGN(const auto parsed, parse_options(*find_verb("snapshot-delete"), call.arguments));
    VZ_ASSIGN(const auto id, wanted_id(parsed));
    VZ_TRY(ops::delete_snapshot(call.context, call.ctid, id, dry_run(parsed)));
    return 0;
}

Result<int> run_snapshot_mount(const Call& call) {
    VZ_ASSIGN(const auto parsed, parse_options(*find_verb("snapshot-mount"), call.arguments));
    VZ_ASSIGN(const auto id, wanted_id(parsed));
    const auto target = parsed.value("target");
    if (!target)
        return fail(Errc::bad_syntax, "where to? give --target");
    VZ_TRY(ops::mount_snapshot(call.context, call.ctid, id, *target));
    return 0;
}

Result<int> run_snapshot_umount(const Call& call) {
    VZ_ASSIGN(const auto parsed, parse_options(*find_verb("snapshot-umount"), call.arguments));
    VZ_ASSIGN(const auto id, wanted_id(parsed));
    VZ_TRY(ops::umount_snapshot(call.context, call.ctid, id));
    return 0;
}

Result<int> run_snapshot_list(const Call& call) {
    VZ_ASSIGN(const auto parsed, parse_options(*find_verb("snapshot-list"), call.arguments));
    if (parsed.has("list"))
        return print_fields(call.io.out);
    VZ_ASSIGN(const auto chosen, cli::select_columns(columns(), parsed.value("output").value_or(
                                                                    "parent_uuid,current,uuid,date,name"))
                                     .as(Errc::bad_value));
    VZ_ASSIGN(const auto rows, rows_of(call, parsed));
    if (parsed.has("json"))
        call.io.out << cli::table_json(parsed.has("output") ? chosen : columns(), rows).dump(2) << '\n';
    else
        call.io.out << cli::table_text(chosen, rows, {.header = !parsed.has("no-header")});
    return 0;
}

} // namespace vz::vzctl
