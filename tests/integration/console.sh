#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # out and err are set by expect
# vzctl console: waits for a stopped container, a login, keys, Esc .; with a console of its own and without.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
need_programs python3
sandbox "$0" "$@"
sandbox_template
readonly drive=$VZ_SOURCE_DIR/tests/integration/console/drive.py

expect 0 vzctl create 101 --hostname web
expect 0 vzctl set 101 --userpasswd root:secret
check "on a stopped container" python3 "$drive" stopped
check "without a console of its own" python3 "$drive" without
equal "the end of input detaches" 0 "$(vzctl --quiet console 101 </dev/null >/dev/null; echo $?)"
expect 21 vzctl console 101 tty9
expect 21 vzctl console 101 nonsense
expect 20 vzctl console 101 tty1 tty2
expect 14 vzctl console 999
for _ in {1..50}; do [ -z "$(vzctl exec2 101 'pgrep -x "agetty|login|script"')" ] && break; sleep 0.2; done
equal "nobody is left inside" "" "$(vzctl exec2 101 'pgrep -x "agetty|login|script"')"
check "with a console of its own" python3 "$drive" with
equal "nothing is left on the host" "" "$(grep ' /var/lib/vz/root/101' /proc/self/mounts)"
expect 0 vzctl start 101 --wait
check "what is written to tty2 is seen" grep -q "hello from inside" \
    <<<"$( (sleep 1; vzctl exec 101 'echo hello from inside >/dev/tty2'; sleep 1) | vzctl console 101 tty2)"
expect 0 vzctl stop 101
expect 0 vzctl set 101 --console no --save
expect 0 vzctl start 101
expect 1 vzctl exec2 101 test -e /dev/console
finish
