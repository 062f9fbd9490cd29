// SPDX-License-Identifier: GPL-2.0-or-later
// The log file's classic lines.
#include "catch.hpp"

#include "vz/cli/log.hpp"

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <unistd.h>

TEST_CASE("a log line begins with the present time", "[cli]") {
    char path[] = "/tmp/vz-log-test.XXXXXX";
    ::close(::mkstemp(path));
    const std::time_t before = std::time(nullptr);
    vz::cli::Log(path, "vzctl").write("CT 101", "Container is mounted");
    std::ifstream in(path);
    std::string line;
    std::getline(in, line);
    ::unlink(path);

    std::tm time{};
    const char* rest = ::strptime(line.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
    REQUIRE(rest != nullptr);
    time.tm_isdst = -1;
    CHECK(std::mktime(&time) >= before);
    CHECK(std::string(rest).substr(5) == " vzctl : CT 101 : Container is mounted");
}
