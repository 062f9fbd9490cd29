// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/cli/tool.hpp"
#include "vz/base/build.hpp"

#include "vz/base/text.hpp"

#include <csignal>
#include <exception>
#include <fcntl.h>
#include <iostream>
#include <sys/stat.h>
#include <unistd.h>

namespace vz::cli {

namespace {

// A tool started with a closed standard descriptor must not open a file in its place and then print into it.
void fill_standard_descriptors() {
    for (int fd = 0; fd < 3; ++fd)
        if (::fcntl(fd, F_GETFD) < 0)
            (void)!::open("/dev/null", O_RDWR);
}

} // namespace

int tool_main(const std::string& tool, const Run& run, int argc, char** argv) {
    fill_standard_descriptors();
    ::umask(022);
    std::ios::sync_with_stdio(false);
    int status = exit_code(Errc::internal);
    try {
        status = run({argv + 1, argv + argc}, Io{std::cin, std::cout, std::cerr});
    } catch (const std::exception& e) {
        std::cerr << tool << ": internal error: " << text::printable(e.what()) << '\n';
    }
    std::cout.flush();
    if (!std::cout && status == 0) {
        std::cerr << tool << ": standard output could not be written\n";
        status = exit_code(Errc::failed);
    }
    return status;
}

int tool_main(const Usage& usage, const RunParsed& run, int argc, char** argv) {
    const auto answer = [&](const std::vector<std::string>& arguments, Io io) {
        const auto given = parse(usage.options, arguments);
        if (!given)
            return report_usage(usage.tool, given.error(), io.err);
        if (!given->has("help") && !given->has("version"))
            return run(*given, io);
        io.out << (given->has("help") ? help_text(usage) : version_text(usage.tool));
        return 0;
    };
    return tool_main(usage.tool, answer, argc, argv);
}

int report(const std::string& tool, const Error& error, std::ostream& err) {
    err << tool << ": " << text::printable(error.what) << '\n' << std::flush;
    return exit_code(error.code);
}

int report_usage(const std::string& tool, const Error& error, std::ostream& err) {
    err << tool << ": " << text::printable(error.what) << "; try " << tool << " --help\n" << std::flush;
    return exit_code(error.code);
}

std::string version_text(const std::string& tool) {
    return format("{} {}\n", tool, VZ_VERSION);
}

} // namespace vz::cli
