// SPDX-License-Identifier: GPL-2.0-or-later
// Keys on their way to a console; how a container ended and when it is started again.
#include "catch.hpp"

#include "vz/ops/console.hpp"
#include "vz/ops/restart_policy.hpp"

using namespace vz;
using namespace vz::ops;

TEST_CASE("Esc and a dot leave the console, everything else goes in", "[ops]") {
    EscapeKeys keys;
    CHECK(keys.pass("ls .\n") == "ls .\n");
    CHECK(keys.pass("\x1b[A\x1b\x1b") == "\x1b[A\x1b\x1b");
    CHECK_FALSE(keys.left());
    CHECK(keys.pass("x.") == "x.");
    CHECK(keys.pass("\x1b") == "\x1b"); // at once
    CHECK_FALSE(keys.left());
    CHECK(keys.pass(".rm -rf /\n").empty());
    CHECK(keys.left());
    EscapeKeys together;
    CHECK(together.pass("a\x1b.b") == "a\x1b");
    CHECK(together.left());
}

TEST_CASE("names of terminals", "[ops]") {
    CHECK(parse_tty("").value_or(-1) == 0);
    CHECK(parse_tty("console").value_or(-1) == 0);
    CHECK(parse_tty("tty2").value_or(-1) == 2);
    CHECK(parse_tty("4").value_or(-1) == 4);
    for (const char* bad : {"0", "5", "tty", "tty0", "tty-1", "pts/0", "ttyS0", "\x1b"})
        CHECK_FALSE(parse_tty(bad));
}

TEST_CASE("how a container ended, by liblxc's log", "[ops]") {
    CHECK_FALSE(has_failed(""));
    CHECK_FALSE(has_failed("start - INFO - Child <7> ended on signal SIGINT(2)\n"));
    CHECK_FALSE(has_failed("Child <7> ended on signal (2)"));
    CHECK(has_failed("Child <7> ended on signal SIGKILL(9)"));
    CHECK(has_failed("Child <7> ended on error (3)"));
    CHECK(has_failed("Child <7> ended on signal SIGHUP(1)\nChild <8> ended on error (1)"));
    CHECK_FALSE(has_failed("Child <7> ended on error (1)\nChild <8> ended on signal SIGINT(2)"));
    CHECK(has_failed("Child <7> ended on signal "));
}

TEST_CASE("the pause before a restart grows to five minutes", "[ops]") {
    CHECK(restart_delay(0).count() == 1);
    CHECK(restart_delay(1).count() == 2);
    CHECK(restart_delay(8).count() == 256);
    CHECK(restart_delay(9).count() == 300);
    CHECK(restart_delay(4000000000U).count() == 300);
}

TEST_CASE("words of RESTART", "[ops]") {
    CHECK(parse_restart_policy("no") == RestartPolicy::no);
    CHECK(parse_restart_policy("on-failure") == RestartPolicy::on_failure);
    CHECK(parse_restart_policy("always") == RestartPolicy::always);
    CHECK_FALSE(parse_restart_policy("yes"));
}
