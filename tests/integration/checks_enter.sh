#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # out and err are set by expect
# vzctl enter: a real terminal with job control and a window size (driven by enter/terminal.py), and pipes.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
need_programs python3
sandbox "$0" "$@"
sandbox_template

expect 0 vzctl create 101 --hostname web
expect 0 vzctl start 101 --wait
check "on a terminal" python3 "$VZ_SOURCE_DIR/tests/integration/enter/terminal.py" 101
equal "script on a pipe" "entered into CT 101
0
/root
exited from CT 101" "$(printf 'id -u\ncd; pwd\n' | vzctl enter 101)"
equal "quiet on a pipe" 0 "$(echo 'id -u' | vzctl --quiet enter 101)"
equal "its status on a pipe" 9 "$(echo 'exit 9' | vzctl enter 101 >/dev/null; echo $?)"
equal "--exec" "entered into CT 101
web
exited from CT 101" "$(vzctl enter 101 --exec hostname </dev/null)"
expect 5 vzctl enter 101 --exec exit 5
expect 20 vzctl enter 101 --bogus
printf '%s\nstopping\n' $$ >/run/vz/lock/101.lck
expect 0 vzctl enter 101 --exec true
rm /run/vz/lock/101.lck
finish
