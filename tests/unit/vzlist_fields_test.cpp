// SPDX-License-Identifier: GPL-2.0-or-later
// vzlist: fields of a container in text, in JSON and for sorting; which containers match.
#include "catch.hpp"

#include "vz/limits/limits.hpp"
#include "vz/ops/usage.hpp"
#include "vzlist/fields.hpp"

#include <set>

using namespace vz;
using ops::Listed;
using ops::State;

namespace {

const config::Host k_host{config::HostPaths{}, *config::ConfFile::parse("CPUUNITS=500\n")};

Listed listed(const char* conf, State state = State::stopped) {
    const config::Ctid ctid(101);
    return {ctid, state,    config::Container(k_host, ctid, *config::ConfFile::parse(conf)),
            {},   "/r/101", "/p/101"};
}

std::vector<std::string> cells(const char* names, const Listed& container,
                               vzlist::Long treatment = vzlist::Long::cut) {
    return vzlist::cells(*vzlist::chosen_fields(names, vzlist::Form::text), container, treatment);
}

using Cells = std::vector<std::string>;

} // namespace

TEST_CASE("the classic header line of vzlist, to the blank", "[vzlist]") {
    const auto chosen = *vzlist::chosen_fields("ctid,numproc,status,ip,hostname", vzlist::Form::text);
    std::vector<cli::ColumnFormat> columns;
    for (const auto& field : chosen)
        columns.push_back(field.format);
    CHECK(cli::format_lines(columns, {}, {}) == "      CTID      NPROC STATUS    IP_ADDR         HOSTNAME\n");
}

TEST_CASE("field names are unique, and parts are refused in JSON only", "[vzlist]") {
    std::set<std::string> names;
    for (const auto& field : vzlist::fields())
        CHECK(names.insert(field.format.key).second);
    for (const auto& resource : ops::resources())
        for (const char* suffix : {"", ".m", ".b", ".l", ".f"})
            CHECK(names.count(std::string(resource.name) + suffix) == 1);
    CHECK(vzlist::chosen_fields("ctid,numproc.m,", vzlist::Form::text)->size() == 2);
    CHECK(vzlist::chosen_fields("numproc.m", vzlist::Form::json).error().code == Errc::failed);
    CHECK(vzlist::chosen_fields("ctid,Status", vzlist::Form::text).error().what == "Unknown field: Status");
    CHECK_FALSE(vzlist::chosen_fields("", vzlist::Form::text));
}

TEST_CASE("long texts are cut unless last or kept, addresses never", "[vzlist]") {
    const auto container = listed("HOSTNAME=é234567890123456789012345678901234567890\n"
                                  "IP_ADDRESS='2001:db8:1111:2222:3333::1 10.0.0.1'\n");
    const std::string whole = "é234567890123456789012345678901234567890";
    CHECK(cells("hostname,ctid", container) == Cells{"é2345678901234567890123456789012", "101"});
    CHECK(cells("ctid,hostname", container) == Cells{"101", whole});
    CHECK(cells("hostname,ctid", container, vzlist::Long::keep) == Cells{whole, "101"});
    CHECK(cells("ip,ctid", container) == Cells{"2001:db8:1111:2222:3333::1", "101"});
    CHECK(cells("ip", container) == Cells{"2001:db8:1111:2222:3333::1 10.0.0.1"});
}

TEST_CASE("a list field cannot smuggle control characters into a line", "[vzlist]") {
    const auto container = listed("NAMESERVER=\"\xc2\x9b"
                                  "31m\"\nDESCRIPTION=\"a\tb\"\n");
    const auto fields = *vzlist::chosen_fields("description,nameserver", vzlist::Form::text);
    const std::vector<cli::ColumnFormat> columns{fields[0].format, fields[1].format};
    const auto line =
        cli::format_lines(columns, {vzlist::cells(fields, container, vzlist::Long::cut)}, {.header = false});
    CHECK(line.find_first_of("\xc2\x9b\t") == std::string::npos);
}

TEST_CASE("limits come from NUM.conf, then vz.conf, in the unit of their field", "[vzlist]") {
    const auto container = listed("PHYSPAGES=0:1G\nDCACHE=5:6\nDISKSPACE=1G\nNUMPROC=x\n");
    CHECK(cells("physpages.b,physpages.l,dcachesize.l,diskspace.h,numproc.l,cpuunits", container) ==
          Cells{"0", "262144", "6", "1048576", "", "500"});
    CHECK(cells("vswap,onboot,disabled,layout", container) == Cells{"yes", "", "no", "dir"});
    CHECK(cells("vswap", listed("PHYSPAGES=0:unlimited\n")) == Cells{"no"});
}

TEST_CASE("a container with a broken configuration has an id, a state and paths", "[vzlist]") {
    const Listed broken{config::Ctid(7), State::mounted, {}, {}, "/r/7", "/p/7"};
    CHECK(cells("ctid,status,hostname,ip,numproc.l,onboot,layout,root", broken) ==
          Cells{"7", "mounted", "", "", "", "", "", "/r/7"});
    const auto json = vzlist::json_object(vzlist::json_fields(), broken);
    CHECK(json.find("hostname")->is_null());
    CHECK(json.find("ip")->as_array()->empty());
    CHECK(json.find("physpages")->find("held")->as_uint(1) == 0);
    CHECK(json.find("numproc.m") == nullptr);
}

TEST_CASE("numbers sort as numbers, what is missing first", "[vzlist]") {
    const auto key = [](const char* field, const char* conf, State state = State::stopped) {
        return vzlist::sort_key(*vzlist::field_named(field), listed(conf, state));
    };
    CHECK(key("bootorder", "BOOTORDER=9\n") < key("bootorder", "BOOTORDER=10\n"));
    CHECK(key("bootorder", "") < key("bootorder", "BOOTORDER=0\n"));
    CHECK(key("ip", "") < key("ip", "IP_ADDRESS=10.0.0.1\n"));
    CHECK(key("status", "", State::running) < key("status", "", State::mounted));
    CHECK(key("hostname", "HOSTNAME=a\n") < key("hostname", "HOSTNAME=b\n"));
}

TEST_CASE("state and filters decide what is listed", "[vzlist]") {
    CHECK(ops::state_of(true, true, true) == State::running);
    CHECK(ops::state_of(false, true, true) == State::mounted);
    CHECK(ops::state_of(false, false, true) == State::suspended);
    CHECK(ops::state_of(false, false, false) == State::stopped);

    ops::ListRequest request;
    CHECK(ops::matches(request, listed("")));
    request.show = ops::Show::not_running;
    CHECK_FALSE(ops::matches(request, listed("", State::running)));
    CHECK(ops::matches(request, listed("", State::suspended)));
    request.name = "w*";
    CHECK(ops::matches(request, listed("NAME=web\n")));
    CHECK_FALSE(ops::matches(request, listed("NAME=mail\n")));
    request.description = "*";
    CHECK_FALSE(ops::matches(request, listed("NAME=web\n")));
}

TEST_CASE("a counter is one number or a line of many", "[limits]") {
    CHECK(limits::keyed_number("low 1\nmax 20\noom 3\n", "max") == 20U);
    CHECK_FALSE(limits::keyed_number("oom_kill 3\n", "oom"));
    CHECK_FALSE(limits::keyed_number("max x\n", "max"));
}
