// SPDX-License-Identifier: GPL-2.0-or-later
// Called by our own tools, never by people: reads a foreign archive for them, confined, and says on standard
// output what came of it (vz/unpack/talk.hpp).
//   vz-unpack VERSION extract|check|compare FILE TARGET USERNS MAX_ENTRIES MAX_BYTES     TARGET, USERNS:
//   descriptors vz-unpack VERSION sha256 FILE
#include "vz/archive/digest.hpp"
#include "vz/archive/extract.hpp"
#include "vz/base/build.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/fd.hpp"
#include "vz/unpack/talk.hpp"

#include <exception>
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

Result<std::string> work(const Words& words, Reporter& out) {
    if (words.empty() || words[0] != VZ_VERSION)
        return fail(Errc::environment,
                    "vz-unpack is of version {}, not of the tool's: install vz-utils and vz-templates of one "
                    "version",
                    VZ_VERSION);
    if (words.size() == 3 && words[1] == "sha256")
        return archive::sha256_of_file(words[2], out);
    if (words.size() == 7 && words[1] == "extract")
        return work_on_archive(archive::extract, words, out);
    if (words.size() == 7 && words[1] == "check")
        return work_on_archive(archive::check, words, out);
    if (words.size() == 7 && words[1] == "compare")
        return work_on_archive(archive::compare, words, out);
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
