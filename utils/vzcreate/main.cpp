// SPDX-License-Identifier: GPL-2.0-or-later
// vzcreate: makes a container and prints its id, so that it can be piped on.
#include "vz/making/making.hpp"

using namespace vz;
using cli::Takes;

namespace {

const char* const k_tool = "vzcreate";

cli::Usage usage() {
    cli::Usage usage{
        k_tool,
        {"vzcreate --template NAME [options] [CTID]"},
        "Make a container from a template and print its id; without CTID the next free one from 101 up",
        {{"template|ostemplate", 't', Takes::value, "NAME", "the template (vztemplate list)"},
         {"config", 0, Takes::value, "SAMPLE", "begin with ve-SAMPLE.conf-sample"},
         {"layout", 0, Takes::value, "LAYOUT", "how its files are kept: " + config::layout_words()},
         {"ip|ipadd", 0, Takes::values, "ADDRESS", "an IPv4 or IPv6 address; may be repeated"},
         {"start", 0, Takes::nothing, "", "start it at once"},
         {"wait", 'w', Takes::nothing, "", "start it and return when its services are up"},
         {"verbose", 'v', Takes::nothing, "", "tell each step on standard error"}},
        "Example: vzcreate -t debian-13-x86_64-minimal --ip 10.0.0.5 --hostname web --start\n"};
    for (const auto& more : {making::setting_options("OSTEMPLATE"), cli::common_options()})
        usage.options.insert(usage.options.end(), more.begin(), more.end());
    return usage;
}

Result<ops::CreateRequest> request_of(const cli::Parsed& given) {
    if (given.operands().size() > 1)
        return fail(Errc::usage, "one CTID at most");
    VZ_ASSIGN(auto request, making::create_request(given, "template", "ip"));
    if (!given.operands().empty()) {
        VZ_ASSIGN(request.ctid, making::parse_new_ctid(given.operands()[0]));
    }
    return request;
}

int run(const cli::Parsed& given, cli::Io io) {
    const auto request = request_of(given);
    if (!request)
        return cli::report(k_tool, request.error(), io.err);
    return making::make(k_tool, given, io, [&](const config::Host&) -> Result<making::Birth> {
        return making::Birth{request->ctid, "created", [&](const auto& context, const auto& announce) {
                                 return ops::create(context, *request, announce);
                             }};
    });
}

} // namespace

int main(int argc, char** argv) {
    return cli::tool_main(usage(), run, argc, argv);
}
