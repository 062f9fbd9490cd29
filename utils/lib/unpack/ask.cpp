// SPDX-License-Identifier: GPL-2.0-or-later
#include "ask.hpp"

#include "vz/base/build.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/installed.hpp"
#include "vz/sys/lock.hpp"
#include "vz/sys/process.hpp"
#include "vz/unpack/talk.hpp"

#include <cerrno>

namespace vz::unpack {

namespace {

constexpr std::size_t k_talk_limit = 16 << 20;

Error no_answer(const std::string& file, const sys::Exited& exited) {
    const auto lines = text::split(text::trim(exited.err), '\n');
    const auto reason = lines.back().empty() ? "" : ": " + text::printable(lines.back());
    return fail(Errc::internal, "{}: vz-unpack ended early (status {}){}", file, exited.status, reason);
}

} // namespace

Result<std::string> ask(std::vector<std::string> words, const std::vector<int>& fds, Reporter& reporter) {
    const auto file = words[1];
    words.insert(words.begin(), {sys::installed_program("vz-unpack"), VZ_VERSION});
    Listener listener(reporter);
    sys::Command command(std::move(words));
    command.directory = "."; // the file's name may be relative
    command.keep_fds = sys::held_locks();
    command.keep_fds.insert(command.keep_fds.end(), fds.begin(), fds.end());
    command.dies_with_us = true;
    command.output_limit = k_talk_limit;
    command.on_stdout = [&](std::string_view piece) { listener.hear(piece); };
    const auto exited = sys::run(command);
    if (!exited && exited.error().sys_errno == ENOENT)
        return fail(Errc::environment, "the program {} is missing; reinstall vz-utils", command.argv[0]);
    if (!exited)
        return exited.error();
    return listener.answer() ? *listener.answer() : no_answer(file, *exited);
}

} // namespace vz::unpack
