// SPDX-License-Identifier: GPL-2.0-or-later
// vzdf: disk space and inodes of containers.
#include "columns.hpp"
#include "vz/cli/ids.hpp"
#include "vz/cli/options.hpp"
#include "vz/cli/tool.hpp"
#include "vz/config/registry.hpp"

#include <iostream>

using namespace vz;
using monitoring::Count;
using monitoring::DiskUse;

namespace {

const std::string k_tool = "vzdf";

std::vector<cli::Option> options() {
    std::vector<cli::Option> out{
        {"walk", 'w', cli::Takes::nothing, "", "count the files of each container too; takes its time"},
        {"output", 'o', cli::Takes::value, "COLUMNS", "these columns, separated by commas"},
        {"no-header", 'H', cli::Takes::nothing, "", "no line of headers"},
        {"json", 'j', cli::Takes::nothing, "", "one JSON array instead of the table; sizes in bytes"},
        {"null", '0', cli::Takes::nothing, "", "ids read for \"-\" end in NUL"}};
    for (auto& option : cli::common_options())
        out.push_back(std::move(option));
    return out;
}

cli::Usage usage() {
    std::string notes = "Columns:\n";
    for (const auto& column : vzdf::all_columns())
        notes += format("  {:<10} {}\n", column.key, column.help);
    return {.tool = k_tool,
            .synopsis = {"vzdf [OPTIONS] [CTID|NAME|-]…"},
            .summary = "Shows disk space and inodes of containers; without an id, of all",
            .options = options(),
            .notes = notes};
}

Result<std::vector<config::Ctid>> chosen(const config::Host& host, const cli::Parsed& given,
                                         std::istream& in) {
    if (given.operands().empty())
        return config::list_ctids(host.paths);
    const auto separator = given.has("null") ? cli::Separator::nul : cli::Separator::white_space;
    VZ_ASSIGN(const auto words, cli::expand_ids(given.operands(), in, separator));
    std::vector<config::Ctid> out;
    for (const auto& word : words) {
        VZ_ASSIGN(const auto ctid, config::resolve(host.paths, word));
        out.push_back(ctid);
    }
    return out;
}

Result<DiskUse> use_of(const config::Host& host, config::Ctid ctid, Count count) {
    VZ_ASSIGN(const auto container, config::load_container(host, ctid));
    return monitoring::disk_use(container, count);
}

Result<int> list(const cli::Parsed& given, cli::Io io) {
    VZ_ASSIGN(const auto host, config::Host::load());
    const auto count = given.has("walk") ? Count::files : Count::no;
    const auto wanted = given.value("output").value_or(std::string(vzdf::default_columns(count)));
    VZ_ASSIGN(const auto columns, cli::select_columns(vzdf::all_columns(), wanted));
    VZ_ASSIGN(const auto ctids, chosen(host, given, io.in));
    int status = 0;
    std::vector<DiskUse> rows;
    for (const auto ctid : ctids) {
        auto use = use_of(host, ctid, count);
        if (use) {
            rows.push_back(*std::move(use));
            continue;
        }
        cli::report(k_tool, std::move(use).error().context("CT " + ctid.text()), io.err);
        status = exit_code(Errc::system); // some of several failed
    }
    if (given.has("json"))
        io.out << cli::table_json(given.has("output") ? columns : vzdf::all_columns(), rows).dump(2) << '\n';
    else
        io.out << cli::table_text(columns, rows, {.header = !given.has("no-header")});
    return status;
}

int run(const cli::Parsed& given, cli::Io io) {
    const auto status = list(given, io);
    return status ? *status : cli::report(k_tool, status.error(), io.err);
}

} // namespace

int main(int argc, char** argv) {
    return cli::tool_main(usage(), run, argc, argv);
}
