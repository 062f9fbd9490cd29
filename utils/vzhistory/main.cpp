// SPDX-License-Identifier: GPL-2.0-or-later
// vzhistory: who did what to the containers of this host; and notes of the administrator.
#include "columns.hpp"
#include "vz/base/text.hpp"
#include "vz/cli/ids.hpp"
#include "vz/cli/progress.hpp"
#include "vz/cli/tool.hpp"
#include "vz/config/registry.hpp"
#include "vz/record/reader.hpp"
#include "vz/record/record.hpp"

#include <atomic>
#include <csignal>
#include <ctime>
#include <deque>
#include <ostream>
#include <unistd.h>

using namespace vz;
using cli::Takes;

namespace {

const char* const k_tool = "vzhistory";
constexpr std::size_t k_longest_note = 2000;

std::atomic<bool> g_stop{false};

cli::Usage usage() {
    std::string notes = "Columns:\n";
    for (const auto& column : vzhistory::all_columns())
        notes += format("  {:<8} {}\n", column.key, column.help);
    cli::Usage usage{
        k_tool,
        {"vzhistory [OPTIONS] [CTID|NAME|-]…", "vzhistory --note TEXT [CTID|NAME|-]…"},
        "Shows who did what to the containers of this host, oldest first; or keeps a note",
        {{"since", 's', Takes::value, "TIME", "not before: 2026-11-23, \"2026-11-23 09:30\", today, 2h, 7d"},
         {"until", 'u', Takes::value, "TIME", "only before that"},
         {"who", 'w', Takes::value, "PATTERN", "only of this user, uid, machine, terminal or service"},
         {"last", 'n', Takes::value, "N", "only the last N"},
         {"follow", 'f', Takes::nothing, "", "go on with what is being done, until interrupted"},
         {"note", 0, Takes::value, "TEXT", "keep this note; for the containers, if any are named"},
         {"output", 'o', Takes::value, "COLUMNS", "these columns, separated by commas"},
         {"no-header", 'H', Takes::nothing, "", "no line of headers"},
         {"json", 'j', Takes::nothing, "", "one JSON array; with --follow, one object a line"},
         {"null", '0', Takes::nothing, "", "ids read for \"-\" end in NUL"}},
        notes};
    for (auto& option : cli::common_options())
        usage.options.push_back(std::move(option));
    return usage;
}

Result<std::vector<config::Ctid>> containers(const config::Host& host, const cli::Parsed& given,
                                             std::istream& in) {
    const auto separator = given.has("null") ? cli::Separator::nul : cli::Separator::white_space;
    VZ_ASSIGN(const auto words, cli::expand_ids(given.operands(), in, separator));
    std::vector<config::Ctid> out;
    for (const auto& word : words) {
        VZ_ASSIGN(const auto ctid, config::resolve(host.paths, word));
        out.push_back(ctid);
    }
    return out;
}

Result<record::Filter> filter_of(const cli::Parsed& given, const std::vector<config::Ctid>& ctids) {
    record::Filter filter;
    for (const auto ctid : ctids)
        filter.ctids.push_back(ctid.value());
    const auto now = static_cast<std::int64_t>(std::time(nullptr)) * 1000;
    if (const auto text = given.value("since")) {
        VZ_ASSIGN(filter.since, record::parse_moment(*text, now).context("--since"));
    }
    if (const auto text = given.value("until")) {
        VZ_ASSIGN(filter.until, record::parse_moment(*text, now).context("--until"));
    }
    filter.who = given.value("who").value_or("");
    return filter;
}

Result<std::size_t> last_of(const cli::Parsed& given) {
    const auto text = given.value("last");
    const auto count = text::to_uint(text.value_or("18446744073709551615"));
    if (!count)
        return fail(Errc::bad_value, "--last: a number expected, not {}", text::printable(*text));
    return static_cast<std::size_t>(*count);
}

// What has been done: the table or the array, complete.
class Printer {
public:
    Printer(const cli::Parsed& given, std::vector<vzhistory::Column> columns, std::ostream& out)
        : m_columns(std::move(columns)), m_out(out), m_json(given.has("json")),
          m_header(!given.has("no-header")) {}

    void all(const std::vector<record::Entry>& entries) {
        if (m_json)
            m_out << cli::table_json(m_columns, entries).dump(2) << '\n';
        else
            m_out << cli::table_text(m_columns, entries, {.header = m_header});
        m_header = false;
    }
    void one(const record::Entry& entry) {
        if (m_json) {
            const auto array = cli::table_json(m_columns, std::vector{entry});
            m_out << array.as_array()->front().dump() << '\n' << std::flush;
            return;
        }
        m_out << cli::table_text(m_columns, std::vector{entry}, {.header = m_header}) << std::flush;
        m_header = false;
    }

private:
    std::vector<vzhistory::Column> m_columns;
    std::ostream& m_out;
    bool m_json;
    bool m_header;
};

Result<void> follow(const config::Host& host, const record::Filter& filter, Reporter& talker,
                    Printer& printer, std::ostream& out) {
    for (const int number : {SIGINT, SIGTERM})
        std::signal(number, [](int) { g_stop = true; });
    return record::follow_journal(
        host.paths, filter, talker, [&](const auto& entry) { printer.one(entry); },
        [&] { return g_stop.load() || !out; });
}

Result<void> show(const config::Host& host, const cli::Parsed& given, const std::vector<config::Ctid>& ctids,
                  cli::Io io) {
    const bool json = given.has("json");
    const auto all = vzhistory::all_columns();
    const auto wanted = given.value("output");
    VZ_ASSIGN(const auto columns,
              wanted || !json ? cli::select_columns(all, wanted.value_or(vzhistory::k_default_columns))
                              : Result(all));
    VZ_ASSIGN(const auto filter, filter_of(given, ctids));
    VZ_ASSIGN(const auto last, last_of(given));
    cli::Talker talker(k_tool, io.err, io.err, cli::Verbosity::brief, cli::stderr_is_terminal());
    std::deque<record::Entry> entries;
    VZ_TRY(record::read_journal(host.paths, filter, talker, [&](const auto& entry) {
        entries.push_back(entry);
        if (entries.size() > last)
            entries.pop_front();
    }));
    Printer printer(given, columns, io.out);
    if (!given.has("follow")) {
        printer.all({entries.begin(), entries.end()});
        return {};
    }
    for (const auto& entry : entries)
        printer.one(entry);
    return follow(host, filter, talker, printer, io.out);
}

Result<void> keep_note(const config::Host& host, const std::string& text,
                       const std::vector<config::Ctid>& ctids) {
    if (text::trim(text).empty() || text.size() > k_longest_note || text::has_control(text))
        return fail(Errc::bad_value, "--note: from 1 to {} bytes on one line, without control characters",
                    k_longest_note);
    record::Entry entry;
    entry.time = record::now();
    entry.who = record::find_who();
    entry.note = text;
    for (std::size_t i = 0; i < std::max<std::size_t>(ctids.size(), 1); ++i) {
        if (!ctids.empty())
            entry.ctid = ctids[i].value();
        auto kept = record::append(host.paths, entry, record::Sync::yes);
        if (!kept && (kept.error().sys_errno == EACCES || kept.error().sys_errno == EPERM))
            return fail(Errc::no_permission, "only root may keep notes; try sudo vzhistory");
        VZ_TRY(std::move(kept));
    }
    return {};
}

Result<void> work(const cli::Parsed& given, cli::Io io) {
    VZ_ASSIGN(const auto host, config::Host::load());
    VZ_ASSIGN(const auto ctids, containers(host, given, io.in));
    // An empty list of ids means none of them, not all.
    const bool none = !given.operands().empty() && ctids.empty();
    if (const auto note = given.value("note"))
        return none ? Result<void>() : keep_note(host, *note, ctids);
    if (none) {
        io.out << (given.has("json") ? "[]\n" : "");
        return {};
    }
    return show(host, given, ctids, io);
}

int run(const cli::Parsed& given, cli::Io io) {
    auto done = work(given, io);
    if (!done && done.error().code == Errc::no_permission && !given.has("note"))
        done =
            fail(Errc::no_permission, "only root and the group adm may read the journal; try sudo vzhistory");
    return done ? 0 : cli::report(k_tool, done.error(), io.err);
}

} // namespace

int main(int argc, char** argv) {
    return cli::tool_main(usage(), run, argc, argv);
}
