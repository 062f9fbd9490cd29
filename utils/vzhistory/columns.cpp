// SPDX-License-Identifier: GPL-2.0-or-later
#include "columns.hpp"

#include "vz/base/text.hpp"
#include "vz/base/time_text.hpp"

namespace vz::vzhistory {

namespace {

using cli::Align;
using record::Entry;

Json text_or_null(const std::string& text) {
    return text.empty() ? Json() : Json(text::printable(text));
}

template<class T>
Json value_or_null(const std::optional<T>& value) {
    return value ? Json(*value) : Json();
}

std::string command_text(const Entry& e) {
    Entry bare;
    bare.command = e.command;
    return record::what_text(bare);
}

Json command_json(const Entry& e) {
    std::vector<std::string> words;
    for (const auto& word : e.command)
        words.push_back(text::printable(word));
    return words.empty() ? Json() : Json::strings(words);
}

} // namespace

std::vector<Column> all_columns() {
    std::vector<Column> columns;
    const auto add = [&](const char* key, const char* header, int width, Align align, const char* help,
                         auto text, auto json) {
        Column column;
        column.key = key;
        column.header = header;
        column.width = width;
        column.align = align;
        column.help = help;
        column.text = text;
        column.json = json;
        columns.push_back(std::move(column));
    };
    const auto left = Align::left;
    const auto right = Align::right;
    add(
        "time", "TIME", 19, left, "when it began; JSON: in UTC",
        [](const Entry& e) { return text::local_time(e.time / 1000); },
        [](const Entry& e) { return Json(record::utc_text(e.time)); });
    add(
        "ctid", "CTID", 10, right, "the container",
        [](const Entry& e) { return e.ctid ? std::to_string(*e.ctid) : ""; },
        [](const Entry& e) { return value_or_null(e.ctid); });
    add(
        "who", "WHO", 10, left, "who logged in", [](const Entry& e) { return record::who_text(e.who); },
        [](const Entry& e) { return text_or_null(e.who.user); });
    add(
        "where", "WHERE", 15, left, "from which machine, else terminal or service",
        [](const Entry& e) { return record::where_text(e.who); },
        [](const Entry& e) { return text_or_null(record::where_text(e.who)); });
    add(
        "status", "STATUS", 6, right, "exit status", [](const Entry& e) { return std::to_string(e.status); },
        [](const Entry& e) { return Json(e.status); });
    add(
        "what", "WHAT", 0, left, "the command or note; after a failure, why",
        [](const Entry& e) { return record::what_text(e); },
        [](const Entry& e) { return Json(record::what_text(e)); });
    add(
        "seconds", "SECONDS", 8, right, "how long it took",
        [](const Entry& e) { return e.seconds ? format("{:.3f}", *e.seconds) : ""; },
        [](const Entry& e) { return value_or_null(e.seconds); });
    add(
        "uid", "UID", 6, right, "the login's user id",
        [](const Entry& e) { return e.who.uid ? std::to_string(*e.who.uid) : ""; },
        [](const Entry& e) { return value_or_null(e.who.uid); });
    add(
        "from", "FROM", 15, left, "the machine an ssh login came from",
        [](const Entry& e) { return text::printable(e.who.from); },
        [](const Entry& e) { return text_or_null(e.who.from); });
    add(
        "tty", "TTY", 8, left, "the terminal", [](const Entry& e) { return text::printable(e.who.tty); },
        [](const Entry& e) { return text_or_null(e.who.tty); });
    add(
        "service", "SERVICE", 15, left, "the service, for what no person typed",
        [](const Entry& e) { return text::printable(e.who.service); },
        [](const Entry& e) { return text_or_null(e.who.service); });
    add("command", "COMMAND", 30, left, "the command; JSON: its words", command_text, command_json);
    add(
        "note", "NOTE", 30, left, "an administrator's note",
        [](const Entry& e) { return text::printable(e.note); },
        [](const Entry& e) { return text_or_null(e.note); });
    add(
        "error", "ERROR", 0, left, "why it failed", [](const Entry& e) { return text::printable(e.error); },
        [](const Entry& e) { return text_or_null(e.error); });
    return columns;
}

} // namespace vz::vzhistory
