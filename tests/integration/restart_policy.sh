#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # out and err are set by expect
# 39 and RESTART: halt and reboot from inside, an init that dies, and what brings a container back.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"
need_programs gcc
sandbox "$0" "$@"

# An init that does what a file in it says: halt, reboot, exit, or die.
cat >"$VZ_TMP/init.c" <<'C'
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/reboot.h>
static volatile int asked;
static void ask(int n) { asked = n; }
int main(void) {
    signal(SIGPWR, ask);
    for (;;) {
        char word[16] = "";
        int fd = open("/do", O_RDONLY);
        if (fd >= 0) { if (read(fd, word, 15) < 0) word[0] = 0; close(fd); unlink("/do"); }
        if (asked || !strncmp(word, "halt", 4)) reboot(RB_POWER_OFF);
        if (!strncmp(word, "reboot", 6)) reboot(RB_AUTOBOOT);
        if (!strncmp(word, "fail", 4)) exit(3);
        if (!strncmp(word, "exit", 4)) exit(0);
        usleep(20000);
    }
}
C
tiny_tree "$VZ_TMP/tree"
rm "$VZ_TMP/tree/sbin/init"
gcc -static -O -o "$VZ_TMP/tree/sbin/init" "$VZ_TMP/init.c" || skip "needs a static C library"
tiny_pack "$VZ_TMP/tree" tiny
expect 0 vzctl create 101 --ostemplate tiny --ipadd 10.10.0.1

init_pid() { sed -n 's/.*"init": *\([0-9]*\).*/\1/p' /run/vz/ct/101/runtime.json 2>/dev/null; }
is() { [ "$(vzctl status 101)" = "CTID 101 exist $1" ]; }
until_true() { for _ in {1..150}; do "$@" && return; sleep 0.1; done; return 1; }
other_init() { local now; now=$(init_pid); [ -n "$now" ] && [ "$now" != "$pid" ] && is "mounted running"; }
do_inside() { pid=$(init_pid); vzctl exec2 101 "echo $1 >/do.new; mv /do.new /do"; }
killed() { pid=$(init_pid); kill -9 "$pid"; }
is_kept() { vzhistory -H -o what 101 | grep -q -- "$1"; }
stays_down() { until_true is "unmounted down" && sleep 2.5 && is "unmounted down"; }

without_policy() {
    expect 0 vzctl start 101
    do_inside reboot
    check "39: reboot from inside: it runs again" until_true other_init
    expect 0 vzctl exec2 101 true
    for word in halt fail exit; do
        do_inside $word
        check "39: $word: it stays down" stays_down
        equal "39: $word: no device is left" "" "$(ip -o link show | grep venet101)"
        expect 0 vzctl start 101
    done
    killed
    check "39: an init that was killed: it stays down" stays_down
    check "it is kept that it ended by itself" grep -q "vz-hook ended" <<<"$(vzhistory -H -o what 101)"
    local before
    before=$(vzhistory -H -o what 101 | grep -c "vz-hook ended")
    expect 0 vzctl start 101
    expect 0 vzctl stop 101
    expect 0 vzctl start 101
    expect 0 vzctl stop 101 --fast
    sleep 0.5
    equal "a commanded stop is none" "$before" "$(vzhistory -H -o what 101 | grep -c "vz-hook ended")"
}

on_failure() {
    expect 21 vzctl set 101 --restart sometimes --save
    expect 0 vzctl set 101 --restart on-failure --save
    expect 0 vzctl start 101
    do_inside fail
    check "on-failure: an init that failed is started again" until_true other_init
    check "and kept" until_true is_kept "vz-hook restart.*restart 1"
    killed
    check "on-failure: one that was killed, too" until_true other_init
    equal "it counts" 2 "$(cat /run/vz/ct/101/restarts)"
    do_inside reboot
    check "a reboot is a reboot" until_true other_init
    equal "and does not count" 2 "$(cat /run/vz/ct/101/restarts)"
    do_inside halt
    check "on-failure: after a halt from inside it stays down" stays_down
    expect 0 vzctl start 101
    check_not "an administrator's start forgets" test -e /run/vz/ct/101/restarts
    do_inside exit
    check "on-failure: an init that ended well stays down" stays_down
}

always() {
    expect 0 vzctl set 101 --restart always --save
    expect 0 vzctl start 101
    do_inside halt
    check "always: after a halt from inside, too" until_true other_init
    expect 0 vzctl stop 101
    check "always: not after vzctl stop" stays_down
    expect 0 vzctl start 101
    expect 0 vzctl stop 101 --fast
    check "always: not after vzctl stop --fast" stays_down
    expect 0 vzctl start 101
    echo 3 >/run/vz/ct/101/restarts # it waits 8 s
    killed
    until_true is "unmounted down"
    expect 0 vzctl stop 101
    sleep 9
    check "a stop while it waits ends that" is "unmounted down"
    expect 0 vzctl start 101
    echo 2 >/run/vz/ct/101/restarts # 4 s
    killed
    until_true is "unmounted down"
    expect 0 vzctl set 101 --restart no --save
    sleep 5
    check "another policy ends that as well" is "unmounted down"
    expect 0 vzctl set 101 --restart always --save
    expect 0 vzctl start 101
    echo 1 >/run/vz/ct/101/restarts
    killed
    until_true is "unmounted down"
    expect 0 vzctl start 101
    pid=$(init_pid)
    sleep 3
    check "started by hand while it waits: left alone" test "$(init_pid)" = "$pid"
    killed
    expect 0 vzctl destroy 101
    sleep 2.5
    check_not "one that is destroyed while it waits is no more" test -e /etc/vz/conf/101.conf
    equal "and nothing of it" "" "$(ls /var/lib/vz/private)"
}

without_policy
on_failure
always
finish
