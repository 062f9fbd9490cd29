// SPDX-License-Identifier: GPL-2.0-or-later
// Each container has its daily jobs at a time of its own.
#include "guest_tree.hpp"

#include "vz/base/text.hpp"
#include "vz/guest/cron.hpp"

#include <set>

using namespace vz;
using namespace vz::guest;
using namespace guest_test;

namespace {

const std::string k_debian = R"(# /etc/crontab: system-wide crontab
SHELL=/bin/sh

# m h dom mon dow user	command
17 *	* * *	root	cd / && run-parts --report /etc/cron.hourly
25 6	* * *	root	test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }
47 6	* * 7	root	test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.weekly; }
52 6	1 * *	root	test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.monthly; }
#
)";

std::vector<std::string> fields_of(const std::string& crontab, const std::string& job) {
    for (const auto& line : text::split(crontab, '\n'))
        if (line.find(job) != std::string::npos)
            return text::words(line);
    return {};
}

} // namespace

TEST_CASE("times of cron jobs differ from container to container and stay in the night", "[guest]") {
    std::set<std::string> times;
    for (int i = 0; i < 100; ++i) {
        const auto seed = std::to_string(i);
        const auto spread = spread_cron_times(k_debian, seed);
        CHECK(spread == spread_cron_times(k_debian, seed));
        const auto hourly = fields_of(spread, "cron.hourly");
        CHECK(hourly[1] == "*");
        CHECK(*text::to_uint(hourly[0]) < 60);
        const auto monthly = fields_of(spread, "cron.monthly");
        CHECK((*text::to_uint(monthly[2]) >= 1 && *text::to_uint(monthly[2]) <= 28));
        CHECK(monthly[4] == "*");
        CHECK(*text::to_uint(fields_of(spread, "cron.weekly")[4]) < 7);
        const auto daily = fields_of(spread, "cron.daily");
        CHECK((*text::to_uint(daily[1]) >= 1 && *text::to_uint(daily[1]) <= 6));
        times.insert(daily[0] + ":" + daily[1]);
    }
    CHECK(times.size() > 70);
}

TEST_CASE("nothing but the times changes", "[guest]") {
    const auto before = text::split(k_debian, '\n');
    const auto after = text::split(spread_cron_times(k_debian, "seed"), '\n');
    REQUIRE(before.size() == after.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
        INFO(before[i]);
        const auto command = before[i].find("root\t");
        if (command == std::string::npos)
            CHECK(before[i] == after[i]);
        else
            CHECK(before[i].substr(command) == after[i].substr(after[i].find("root\t")));
    }
}

TEST_CASE("lines of somebody's own stay as they are", "[guest]") {
    for (const std::string line :
         {"", "run-parts /etc/cron.daily", "5 4 * * * root backup",
          "@daily root run-parts /etc/cron.daily x y", "1\r2\r3\r4\r5\rroot\rrun-parts\r/etc/cron.daily\rx",
          "   ", "*/5 * * * * root run-parts /etc/cron.hourly", "1 2 3 4 5 6",
          "25 6 * * * root run-parts /etc/cron.daily # VZCTL_POSTCREATE_SKIP"})
        CHECK(spread_cron_times(line, "seed") == line);
}

TEST_CASE("a container without a crontab gets none, and a FIFO in its place hangs nobody", "[guest]") {
    Tree tree;
    REQUIRE(spread_cron_jobs(tree.dir(), "seed"));
    CHECK_FALSE(fs::exists(tree.root() / "etc/crontab"));
    put(tree.root() / "etc/crontab", k_debian);
    REQUIRE(spread_cron_jobs(tree.dir(), "seed"));
    CHECK(get(tree.root() / "etc/crontab") == spread_cron_times(k_debian, "seed"));
    fs::remove(tree.root() / "etc/crontab");
    REQUIRE(::mkfifo((tree.root() / "etc/crontab").c_str(), 0600) == 0);
    CHECK_FALSE(spread_cron_jobs(tree.dir(), "seed"));
}
