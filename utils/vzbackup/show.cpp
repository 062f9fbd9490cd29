// SPDX-License-Identifier: GPL-2.0-or-later
// Which backups there are, which of them are sound, and which go.
#include "verbs.hpp"

#include "vz/base/text.hpp"
#include "vz/base/time_text.hpp"
#include "vz/base/units.hpp"
#include "vz/cli/table.hpp"
#include "vz/ops/restore.hpp"
#include "vz/sys/file.hpp"

#include <ctime>
#include <map>
#include <ostream>

namespace vz::vzbackup {

namespace {

using backup::Head;
using cli::Align;
using Column = cli::Column<Head>;

std::string age_text(std::int64_t time) {
    const auto seconds = std::max<std::int64_t>(std::time(nullptr) - time, 0);
    if (seconds < 7200)
        return format("{}m", seconds / 60);
    return seconds < 2 * 86400 ? format("{}h", seconds / 3600) : format("{}d", seconds / 86400);
}

std::string kind_of(const Head& head) {
    return head.base.empty() ? "full" : format("+{}", head.links);
}

Column column(const char* key, const char* header, int width, Align align, const char* help,
              std::function<std::string(const Head&)> text, std::function<Json(const Head&)> json) {
    Column out;
    out.key = key;
    out.header = header;
    out.width = width;
    out.align = align;
    out.help = help;
    out.text = std::move(text);
    out.json = std::move(json);
    return out;
}

std::vector<Column> all_columns() {
    return {
        column(
            "ctid", "CTID", 10, Align::right, "the container",
            [](const Head& h) { return std::to_string(h.ctid); }, [](const Head& h) { return Json(h.ctid); }),
        column(
            "time", "TIME", 19, Align::left, "its files are of this moment; JSON: in UTC",
            [](const Head& h) { return text::local_time(h.time); },
            [](const Head& h) { return Json(*to_json(h).find("time")); }),
        column(
            "age", "AGE", 5, Align::right, "how old it is; JSON: seconds",
            [](const Head& h) { return age_text(h.time); },
            [](const Head& h) { return Json(static_cast<std::int64_t>(std::time(nullptr) - h.time)); }),
        column(
            "mode", "MODE", 8, Align::left, "how it was made",
            [](const Head& h) { return std::string(mode_name(h.mode)); },
            [](const Head& h) { return Json(mode_name(h.mode)); }),
        column("kind", "KIND", 4, Align::left, "full, or how many backups it goes on from", kind_of,
               [](const Head& h) { return Json(h.links); }),
        column(
            "size", "SIZE", 9, Align::right, "of the files in it; JSON: bytes",
            [](const Head& h) { return units::human_size(h.bytes); },
            [](const Head& h) { return Json(h.bytes); }),
        column(
            "stored", "STORED", 9, Align::right, "what it takes alone; JSON: bytes",
            [](const Head& h) { return units::human_size(stored_size(h)); },
            [](const Head& h) { return Json(stored_size(h)); }),
        column(
            "id", "ID", 0, Align::left, "its name", [](const Head& h) { return h.id; },
            [](const Head& h) { return Json(h.id); }),
        column(
            "hostname", "HOSTNAME", 20, Align::left, "the container's",
            [](const Head& h) { return h.hostname; }, [](const Head& h) { return Json(h.hostname); }),
        column(
            "uuid", "UUID", 36, Align::left, "the container's VE_UUID", [](const Head& h) { return h.uuid; },
            [](const Head& h) { return Json(h.uuid); }),
    };
}

constexpr const char* k_default_columns = "ctid,time,age,mode,kind,size,stored,id";

// Of the containers named, or of all; also of those that are no more.
// A CTID, of which there need not be a backup, or the name that a container had in one.
Result<std::uint32_t> ctid_of(const Call& call, const std::string& word) {
    if (const auto ctid = text::to_uint(word); ctid && *ctid <= INT32_MAX)
        return static_cast<std::uint32_t>(*ctid);
    VZ_ASSIGN(const auto newest, call.depot.resolve(word));
    return backup::parse_backup_id(newest).value_or(backup::BackupName()).ctid;
}

Result<std::vector<std::string>> ids_of(const Call& call) {
    if (call.words.empty())
        return call.given.operands().size() > 1 ? std::vector<std::string>() : call.depot.list();
    std::vector<std::string> out;
    for (const auto& word : call.words) {
        VZ_ASSIGN(const auto ctid, ctid_of(call, word));
        VZ_ASSIGN(const auto ids, call.depot.list(ctid));
        out.insert(out.end(), ids.begin(), ids.end());
    }
    return out;
}

// One that cannot be read is told about; the others are shown.
std::vector<Head> heads_of(const Call& call, const std::vector<std::string>& ids, int& status) {
    std::vector<Head> out;
    for (const auto& id : ids) {
        auto head = call.depot.head(id);
        if (head) {
            out.push_back(*std::move(head));
            continue;
        }
        cli::report(k_tool, head.error(), call.io.err);
        status = exit_code(Errc::system); // some of several failed
    }
    return out;
}

std::string info_text(const Head& head) {
    std::string out;
    const auto line = [&](std::string_view key, const std::string& value) {
        if (!value.empty())
            out += format("{:<12} {}\n", key, text::printable(value));
    };
    line("id", head.id);
    line("container", format("{} ({})", head.ctid, head.uuid));
    line("name", head.name);
    line("hostname", head.hostname);
    line("time", text::local_time(head.time));
    line("mode", format("{}{}", mode_name(head.mode), head.was_running ? ", it was running" : ""));
    line("held still", head.frozen_ms > 0 ? format("{} ms", head.frozen_ms) : "");
    line("layout", head.layout);
    line("goes on from", head.base);
    line("files", std::to_string(head.entries));
    line("size", units::human_size(head.bytes));
    line("newly read", units::human_size(head.bytes_read));
    line("template", head.on_template ? head.on_template->archive.name : "");
    line("manifest", head.manifest.name);
    for (const auto& archive : head.archives)
        line("archive", archive.name);
    for (const auto& [action, text] : head.scripts)
        line("script", action);
    line("made by", head.tool);
    return out;
}

int info_of(const Call& call, const std::string& word) {
    const auto id = call.depot.resolve(word);
    const auto head = id ? call.depot.head(*id) : Result<Head>(id.error());
    if (!head)
        return cli::report(k_tool, head.error(), call.io.err);
    call.io.out << (call.given.has("json") ? backup::to_json(*head).dump() + "\n" : info_text(*head));
    return 0;
}

int remove_one(const Call& call, const std::string& id) {
    if (call.given.has("dry-run")) {
        call.io.out << id << '\n';
        return 0;
    }
    const auto name = backup::parse_backup_id(id).value_or(backup::BackupName());
    const auto lock = call.depot.lock(name.ctid, std::chrono::milliseconds(0));
    const auto done = lock ? call.depot.remove(id) : Result<void>(lock.error());
    if (!done)
        return cli::report(k_tool, done.error(), call.io.err);
    call.io.out << id << '\n';
    return 0;
}

// Once for all that has gone.
int without_templates(const Call& call, int status) {
    if (call.given.has("dry-run"))
        return status;
    const auto done = call.depot.drop_templates();
    return done ? status : cli::report(k_tool, done.error(), call.io.err);
}

} // namespace

int list(const Call& call) {
    const auto ids = ids_of(call);
    if (!ids)
        return cli::report(k_tool, ids.error(), call.io.err);
    const auto all = all_columns();
    const bool chosen = call.given.has("output") || !call.given.has("json");
    const auto columns =
        chosen ? cli::select_columns(all, call.given.value("output").value_or(k_default_columns))
               : Result(all);
    if (!columns)
        return cli::report(k_tool, columns.error(), call.io.err);
    int status = 0;
    const auto heads = heads_of(call, *ids, status);
    if (call.given.has("json"))
        call.io.out << cli::table_json(*columns, heads).dump(2) << '\n';
    else
        call.io.out << cli::table_text(*columns, heads, {.header = !call.given.has("no-header")});
    return status;
}

int info(const Call& call) {
    int status = 0;
    for (const auto& word : call.words)
        if (const int one = info_of(call, word); one != 0)
            status = call.words.size() == 1 ? one : exit_code(Errc::system);
    return status;
}

int verify(const Call& call) {
    int status = 0;
    const auto engine = ops::make_engine(call.host);
    for (const auto& word : call.words) {
        const auto id = call.depot.resolve(word);
        const auto sound = id ? ops::verify_backup({call.host, *engine, call.out}, call.depot, *id)
                              : Result<void>(id.error());
        if (sound) {
            call.io.out << *id << '\n' << std::flush;
            continue;
        }
        const int one = cli::report(k_tool, sound.error(), call.io.err);
        status = call.words.size() == 1 ? one : exit_code(Errc::system);
    }
    return status;
}

int remove(const Call& call) {
    int status = 0;
    for (const auto& word : call.words) {
        const auto id = call.depot.resolve(word);
        const bool there = id && sys::exists(call.depot.head_path(*id));
        if (!there) {
            status = cli::report(
                k_tool, id ? fail(Errc::failed, "{}: there is no such backup", *id) : Error(id.error()),
                call.io.err);
            continue;
        }
        if (const int one = remove_one(call, *id); one != 0)
            status = one;
    }
    return without_templates(call, status);
}

int prune(const Call& call) {
    const auto retention = retention_of(call.given);
    const auto ids = ids_of(call);
    if (!retention || retention->keeps_all())
        return cli::report_usage(
            k_tool,
            retention ? fail(Errc::usage, "prune: say what to keep (--keep-last, --keep-daily, …)")
                      : Error(retention.error()),
            call.io.err);
    if (!ids)
        return cli::report(k_tool, ids.error(), call.io.err);
    std::map<std::uint32_t, std::vector<backup::Dated>> by_container;
    for (const auto& id : *ids)
        if (const auto name = backup::parse_backup_id(id))
            by_container[name->ctid].push_back({id, name->time});
    int status = 0;
    for (const auto& [ctid, backups] : by_container)
        for (const auto& id : backup::to_prune(*retention, backups))
            if (const int one = remove_one(call, id); one != 0)
                status = one;
    return without_templates(call, status);
}

} // namespace vz::vzbackup
