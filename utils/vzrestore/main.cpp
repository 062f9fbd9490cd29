// SPDX-License-Identifier: GPL-2.0-or-later
// vzrestore: makes containers from backups, and hands out single files of them.
#include "vz/base/json.hpp"
#include "vz/base/text.hpp"
#include "vz/cli/progress.hpp"
#include "vz/config/registry.hpp"
#include "vz/making/making.hpp"
#include "vz/ops/restore.hpp"
#include "vz/sys/fd.hpp"
#include "vz/sys/file.hpp"

#include <fcntl.h>
#include <ostream>
#include <unistd.h>

using namespace vz;
using cli::Takes;

namespace {

const char* const k_tool = "vzrestore";

cli::Usage usage() {
    cli::Usage usage{
        k_tool,
        {"vzrestore [OPTIONS] BACKUP [CTID]", "vzrestore BACKUP [--path PATH]… --to FOLDER|-"},
        "Make a container from a backup and print its id, or hand out files of one",
        {{"dumpdir", 'd', Takes::value, "FOLDER", "where backups lie, instead of DUMPDIR of vz.conf"},
         {"path", 'p', Takes::values, "PATH", "only this file or folder of the container; may be repeated"},
         {"to", 't', Takes::value, "FOLDER",
          "files into a new folder of the host; -: tar on standard output"},
         {"layout", 0, Takes::value, "LAYOUT", "how its files are to be kept: " + config::layout_words()},
         {"ip|ipadd", 0, Takes::values, "ADDRESS", "an address instead of those it had; may be repeated"},
         {"force", 'f', Takes::nothing, "", "take the place of a stopped container of that CTID"},
         {"no-scripts", 0, Takes::nothing, "", "leave its action scripts out"},
         {"start", 0, Takes::nothing, "", "start it at once"},
         {"wait", 'w', Takes::nothing, "", "start it and return when its services are up"},
         {"dry-run", 'n', Takes::nothing, "", "say what would be done"},
         {"json", 'j', Takes::nothing, "", "print one JSON object"},
         {"verbose", 'v', Takes::nothing, "", "tell each step on standard error"}},
        "A BACKUP is its id, a path of one of its files, a CTID or name for the newest one, or an archive of "
        "vzdump (OpenVZ, Proxmox LXC).\n"
        "Example: vzrestore 101 201 --hostname copy --ip 10.0.0.6 --start\n"};
    for (const auto& more : {making::setting_options("OSTEMPLATE"), cli::common_options()})
        usage.options.insert(usage.options.end(), more.begin(), more.end());
    return usage;
}

std::string folder_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// What the operand means: a backup, wherever its files lie, or a plain archive.
Result<ops::RestoreSource> source_of(const config::Host& host, const cli::Parsed& given) {
    const auto& word = given.operands()[0];
    const bool is_path = word.find('/') != std::string::npos;
    const auto folder = is_path ? folder_of(word) : given.value("dumpdir").value_or(host.dump_dir());
    VZ_ASSIGN(const auto depot, backup::Depot::open(folder));
    auto id = depot.resolve(word);
    if (id)
        return ops::RestoreSource{depot, *std::move(id), ""};
    for (const auto& path : {word, depot.path(word)})
        if (sys::exists(path) && word.find(".t") != std::string::npos)
            return ops::RestoreSource{std::nullopt, "", path};
    return std::move(id).error();
}

Result<ops::RestoreRequest> request_of(const config::Host& host, const cli::Parsed& given) {
    ops::RestoreRequest request;
    VZ_ASSIGN(request.source, source_of(host, given));
    if (given.operands().size() == 2) {
        VZ_ASSIGN(request.ctid, making::parse_new_ctid(given.operands()[1]));
    }
    request.layout = given.value("layout");
    if (request.layout && !config::is_layout_word(*request.layout))
        return fail(Errc::bad_value, "unknown layout {}: known are {}", text::printable(*request.layout),
                    config::layout_words());
    VZ_ASSIGN(request.changes, ops::collect_changes([&](auto name) { return given.values(name); }));
    request.ip_add = given.values("ip");
    request.force = given.has("force");
    request.scripts = !given.has("no-scripts");
    return request;
}

// Work that prints no id: with the host, and someone to talk to.
Result<void> with_context(const cli::Parsed& given, cli::Io io,
                          const std::function<Result<void>(const ops::Context&)>& work) {
    VZ_ASSIGN(const auto host, config::Host::load());
    if (::geteuid() != 0)
        return fail(Errc::no_permission, "only root may do that; try sudo {}", k_tool);
    const bool tells = given.has("dry-run") || given.has("verbose");
    cli::Talker out(k_tool, io.err, io.err, tells ? cli::Verbosity::verbose : cli::Verbosity::brief,
                    cli::stderr_is_terminal());
    const auto engine = ops::make_engine(host);
    return work({host, *engine, out});
}

Result<void> hand_out(const ops::Context& context, const cli::Parsed& given, cli::Io io) {
    VZ_ASSIGN(const auto source, source_of(context.host, given));
    if (source.id.empty())
        return fail(Errc::usage, "{} is a plain archive: use tar for files of it", source.archive);
    const auto to = *given.value("to");
    if (to == "-") {
        if (::isatty(STDOUT_FILENO) != 0)
            return fail(Errc::usage, "standard output is a terminal: send the archive to a file or to tar");
        const sys::Fd out(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
        VZ_TRY(ops::restore_tar(context, source, given.values("path"), out));
        return {};
    }
    VZ_ASSIGN(const auto count, ops::restore_files_to(context, source, given.values("path"), to));
    if (!given.has("json"))
        return {};
    Json json;
    json.set("backup", source.id);
    json.set("folder", to);
    json.set("entries", count);
    io.out << json.dump() << '\n';
    return {};
}

Result<void> check(const cli::Parsed& given) {
    if (given.operands().empty())
        return fail(Errc::usage, "which backup is to be restored?");
    if (given.operands().size() > 2)
        return fail(Errc::usage, "a backup and one CTID at most");
    if (given.has("path") && !given.has("to"))
        return fail(Errc::usage, "--path needs --to FOLDER, or --to - for a tar archive");
    if (given.has("to") && given.operands().size() == 2)
        return fail(Errc::usage, "--to hands out files: there is no CTID then");
    if (given.has("dry-run") && given.has("to"))
        return fail(Errc::usage, "--dry-run is for containers");
    return {};
}

int run(const cli::Parsed& given, cli::Io io) {
    if (const auto fits = check(given); !fits)
        return cli::report_usage(k_tool, fits.error(), io.err);
    if (given.has("to") || given.has("dry-run")) {
        const auto done = with_context(given, io, [&](const ops::Context& context) -> Result<void> {
            if (given.has("to"))
                return hand_out(context, given, io);
            VZ_ASSIGN(const auto request, request_of(context.host, given));
            return ops::try_restore(context, request);
        });
        return done ? 0 : cli::report(k_tool, done.error(), io.err);
    }
    return making::make(k_tool, given, io, [&](const config::Host& host) -> Result<making::Birth> {
        VZ_ASSIGN(const auto request, request_of(host, given));
        const auto from = request.source.id.empty() ? request.source.archive : request.source.id;
        return making::Birth{request.ctid, "restored from " + from,
                             [request](const auto& context, const auto& announce) {
                                 return ops::restore(context, request, announce);
                             }};
    });
}

} // namespace

int main(int argc, char** argv) {
    return cli::tool_main(usage(), run, argc, argv);
}
