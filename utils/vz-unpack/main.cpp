// SPDX-License-Identifier: GPL-2.0-or-later
// Called by our own tools, never by people: reads a foreign archive or a backup for them, confined, and says
// on standard output what came of it (vz/unpack/talk.hpp). TARGET, USERNS and OUT are descriptors.
//   vz-unpack VERSION extract|check|compare FILE TARGET USERNS MAX_ENTRIES MAX_BYTES
//   vz-unpack VERSION peek FILE TARGET USERNS FOLDER
//   vz-unpack VERSION restore|verify-backup|backup-tar FOLDER ID TARGET USERNS OUT [PATH…]
//   vz-unpack VERSION backup-full FOLDER ID TARGET USERNS OUT OUT
//   vz-unpack VERSION backup-list FOLDER ID TARGET USERNS OUT
//   vz-unpack VERSION sha256 FILE
#include "vz/archive/digest.hpp"
#include "vz/archive/extract.hpp"
#include "vz/archive/peek.hpp"
#include "vz/backup/consolidate.hpp"
#include "vz/backup/restore.hpp"
#include "vz/backup/view.hpp"
#include "vz/base/build.hpp"
#include "vz/base/json.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/fd.hpp"
#include "vz/unpack/talk.hpp"

#include <exception>
#include <map>
#include <unistd.h>

using namespace vz;

namespace {

using Words = std::vector<std::string>;

Result<sys::Fd> inherited(const std::string& word) {
    const auto fd = text::to_uint(word);
    if (!fd || *fd <= STDERR_FILENO || *fd > 1 << 20)
        return fail(Errc::internal, "vz-unpack: no descriptor: {}", text::printable(word));
    return sys::Fd(static_cast<int>(*fd));
}

Result<std::string> work_on_archive(decltype(archive::extract)* work, const Words& words, Reporter& out) {
    VZ_ASSIGN(auto target, inherited(words[3]));
    VZ_ASSIGN(const auto userns, inherited(words[4]));
    const sys::Dir folder(std::move(target));
    const archive::Limits limits{text::to_uint(words[5]).value_or(0), text::to_uint(words[6]).value_or(0)};
    VZ_ASSIGN(const auto summary, work({words[2], folder, userns, limits, out}));
    return format("{} {}", summary.entries, summary.bytes);
}

Result<std::string> peek(const Words& words, Reporter& out) {
    VZ_ASSIGN(auto target, inherited(words[3]));
    VZ_ASSIGN(const auto userns, inherited(words[4]));
    const sys::Dir folder(std::move(target));
    VZ_ASSIGN(const auto files, archive::peek({words[2], folder, userns, {}, out}, words[5]));
    Json json = Json::Object{};
    for (const auto& [name, content] : files)
        json.set(name, content);
    return json.dump();
}

Result<backup::Restored> read_backup(const Words& words, const backup::ReadRequest& request) {
    if (words[1] == "restore")
        return backup::restore(request);
    if (words[1] == "verify-backup")
        return backup::verify(request);
    VZ_ASSIGN(const auto out, inherited(words[6]));
    return backup::write_tar(request, out);
}

Result<std::string> work_on_backup(const Words& words, Reporter& out) {
    VZ_ASSIGN(const auto depot, backup::Depot::open(words[2]));
    VZ_ASSIGN(auto target, inherited(words[4]));
    VZ_ASSIGN(const auto userns, inherited(words[5]));
    const sys::Dir folder(std::move(target));
    VZ_ASSIGN(const auto restored,
              read_backup(words, {depot, words[3], folder, userns, {words.begin() + 7, words.end()}, out}));
    auto answer = format("{} {}\n", restored.entries, restored.bytes);
    for (const auto& entry : restored.left)
        backup::append_line(answer, entry);
    return answer;
}

Result<std::string> make_full(const Words& words, Reporter& out) {
    VZ_ASSIGN(const auto depot, backup::Depot::open(words[2]));
    VZ_ASSIGN(auto target, inherited(words[4]));
    VZ_ASSIGN(const auto userns, inherited(words[5]));
    VZ_ASSIGN(const auto archive, inherited(words[6]));
    VZ_ASSIGN(const auto manifest, inherited(words[7]));
    const sys::Dir folder(std::move(target));
    VZ_ASSIGN(const auto parts,
              backup::write_full({depot, words[3], folder, userns, {}, out}, archive, manifest));
    return format("{} {}\n{} {}\n", parts.archive.size, parts.archive.sha256, parts.manifest.size,
                  parts.manifest.sha256);
}

Result<std::string> list_files(const Words& words, Reporter& out) {
    VZ_ASSIGN(const auto depot, backup::Depot::open(words[2]));
    VZ_ASSIGN(auto target, inherited(words[4]));
    VZ_ASSIGN(const auto userns, inherited(words[5]));
    VZ_ASSIGN(const auto file, inherited(words[6]));
    const sys::Dir folder(std::move(target));
    VZ_ASSIGN(const auto listed, backup::list_files({depot, words[3], folder, userns, {}, out}, file));
    return format("{} {}\n{}\n", listed.manifest.size, listed.manifest.sha256, listed.entries);
}

Result<std::string> work(const Words& words, Reporter& out) {
    if (words.empty() || words[0] != VZ_VERSION)
        return fail(Errc::environment,
                    "vz-unpack is of version {}, not of the tool's: install vz-utils and vz-templates of one "
                    "version",
                    VZ_VERSION);
    static const std::map<std::string, decltype(archive::extract)*> on_archives{
        {"extract", archive::extract}, {"check", archive::check}, {"compare", archive::compare}};
    const auto verb = words.size() > 1 ? words[1] : "";
    if (words.size() == 3 && verb == "sha256")
        return archive::sha256_of_file(words[2], out);
    if (const auto found = on_archives.find(verb); words.size() == 7 && found != on_archives.end())
        return work_on_archive(found->second, words, out);
    if (words.size() == 6 && verb == "peek")
        return peek(words, out);
    if (words.size() >= 7 && (verb == "restore" || verb == "verify-backup" || verb == "backup-tar"))
        return work_on_backup(words, out);
    if (words.size() == 7 && verb == "backup-list")
        return list_files(words, out);
    if (words.size() == 8 && verb == "backup-full")
        return make_full(words, out);
    return fail(Errc::internal, "vz-unpack: called by vzctl and vztemplate, never by people");
}

} // namespace

int main(int argc, char** argv) {
    unpack::Speaker out([](std::string_view text) { (void)sys::write_all(STDOUT_FILENO, text); });
    try {
        out.answer(work({argv + 1, argv + argc}, out));
    } catch (const std::exception& e) {
        out.answer(fail(Errc::internal, "internal error: {}", e.what()));
    }
    ::_exit(0); // confined by now: nothing that runs at an end could still do anything of use
}
