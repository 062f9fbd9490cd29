// SPDX-License-Identifier: GPL-2.0-or-later
// vzcfgvalidate: says what is wrong with configurations of containers.
#include "vz/base/json.hpp"
#include "vz/base/text.hpp"
#include "vz/cli/options.hpp"
#include "vz/cli/tool.hpp"
#include "vz/ops/validate.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>
#include <istream>
#include <iterator>
#include <ostream>

using namespace vz;
using cli::Takes;
using ops::Finding;
using ops::Severity;

namespace {

const std::string k_tool = "vzcfgvalidate";
constexpr int k_invalid = 2; // the classic status

cli::Usage usage() {
    cli::Usage usage{
        .tool = k_tool,
        .synopsis = {"vzcfgvalidate [-r] [-v yes|no] [-j] FILE|-…"},
        .summary = "Says what is wrong with configurations of containers, and with samples",
        .options = {{"repair", 'r', Takes::nothing, "", "put right what can be meant in one way only"},
                    {"verbose", 'v', Takes::value, "yes|no", "no: errors only"},
                    {"json", 'j', Takes::nothing, "", "a JSON array instead of lines"}},
        .notes = "Example: vzcfgvalidate /etc/vz/conf/101.conf\n"};
    for (auto& option : cli::common_options())
        usage.options.push_back(std::move(option));
    return usage;
}

Result<std::string> content_of(const std::string& file, std::istream& in) {
    if (file == "-")
        return std::string(std::istreambuf_iterator<char>(in), {});
    VZ_ASSIGN(auto content, sys::read_file(file));
    if (!content)
        return fail(Errc::failed, "{}: no such file", text::printable(file));
    return std::move(*content);
}

// The findings; what was repaired is none any more, and is told.
Result<std::vector<Finding>> examine(const std::string& file, bool repair, cli::Io io) {
    VZ_ASSIGN(const auto content, content_of(file, io.in));
    auto conf = config::ConfFile::parse(content);
    if (!conf)
        return std::vector<Finding>{{Severity::error, "", conf.error().what}};
    const auto repaired = repair ? ops::repair(*conf) : std::vector<std::string>{};
    for (const auto& key : repaired)
        io.err << k_tool << ": " << text::printable(file) << ": " << key << " was put right\n";
    if (!repaired.empty())
        VZ_TRY(sys::write_file_atomic(file, conf->text()));
    return ops::validate(*conf);
}

std::string line_of(const std::string& file, bool several, const Finding& finding) {
    return format("{}{}: {}{}{}\n", several ? text::printable(file) + ": " : "",
                  ops::severity_word(finding.severity), finding.key, finding.key.empty() ? "" : ": ",
                  text::printable(finding.text));
}

Json json_of(const std::string& file, const Finding& finding) {
    return Json::Object{{"file", text::printable(file)},
                        {"severity", text::lower(ops::severity_word(finding.severity))},
                        {"key", finding.key},
                        {"text", text::printable(finding.text)}};
}

Result<int> work(const cli::Parsed& given, cli::Io io) {
    const auto verbose = given.value("verbose").value_or("yes");
    if (verbose != "yes" && verbose != "no")
        return fail(Errc::failed, "--verbose: yes or no expected, not {}", text::printable(verbose));
    const auto& files = given.operands();
    if (files.empty())
        return fail(Errc::failed, "which file? e.g. /etc/vz/conf/101.conf");
    const bool repair = given.has("repair");
    if (repair && std::find(files.begin(), files.end(), "-") != files.end())
        return fail(Errc::failed, "--repair needs files, not standard input");
    Json all = Json::Array{};
    int status = 0;
    for (const auto& file : files) {
        VZ_ASSIGN(const auto findings, examine(file, repair, io));
        for (const auto& finding : findings) {
            status = finding.severity == Severity::error ? k_invalid : status;
            if (verbose == "no" && finding.severity != Severity::error)
                continue;
            if (given.has("json"))
                all.push(json_of(file, finding));
            else
                io.out << line_of(file, files.size() > 1, finding);
        }
    }
    if (given.has("json"))
        io.out << all.dump(2) << '\n';
    return status;
}

int run(const cli::Parsed& given, cli::Io io) {
    const auto status = work(given, io);
    if (status)
        return *status;
    (void)cli::report(k_tool, status.error(), io.err);
    return exit_code(Errc::failed); // the classic tool has one for all that is no finding
}

} // namespace

int main(int argc, char** argv) {
    return cli::tool_main(usage(), run, argc, argv);
}
