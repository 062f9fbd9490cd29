#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Limits on a host of today: only control groups of version 2, systemd and AppArmor. The tests of limits that run
# natively run here too, on the installed packages; and systemd, which owns the root of the groups, takes nothing away.
# shellcheck disable=SC2154 # out: of harness.sh
set -u
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/machine.bash"

copy_tests() {
    must guest mkdir -p /srv/source/tests/lib /srv/source/tests/integration /srv/source/utils
    must copy_to_guest "$VZ_SOURCE_DIR"/tests/lib/{harness,sandbox,groups,btrfs,tiny_template}.sh \
        "$VZ_SOURCE_DIR/tests/lib/run-script" /srv/source/tests/lib
    must copy_to_guest "$VZ_SOURCE_DIR"/tests/integration/{limits_keys,limits_rights,neighbours}.sh /srv/source/tests/integration
    must copy_to_guest "$VZ_SOURCE_DIR"/utils/{conf,seccomp} /srv/source/utils
    must guest cp -r /var/lib/vz/template/cache /srv/template
}

run_there() { # NAME: a test of tests/integration; what it measures is printed
    local archive=/srv/template/debian-13-x86_64-minimal.tar.zst
    expect 0 guest env VZ_SOURCE_DIR=/srv/source VZ_TOOL_PATH=/usr/libexec/vz VZ_TEMPLATE_ARCHIVE="$archive" \
        bash /srv/source/tests/lib/run-script "/srv/source/tests/integration/$1.sh"
    grep -v '^ok: ' <<<"$out"
}

# systemd sets the controllers of the root group by what its own units need.
check_beside_systemd() {
    must guest vzctl create 101 --ram 256M --swap 64M --cpulimit 50 --cpumask 0 --iolimit 10
    must guest vzctl start 101
    must guest systemctl daemon-reload
    must guest systemctl restart systemd-journald ssh
    local file
    for file in memory.max pids.max cpu.max cpuset.cpus io.max; do
        expect 0 guest "cat /sys/fs/cgroup/vz/lxc.payload.*/$file"
        check "$file is still there" test -n "$out"
    done
    equal "memory.max" $((256 << 20)) "$(guest 'cat /sys/fs/cgroup/vz/lxc.payload.*/memory.max')"
    equal "cpu.max" "50000 100000" "$(guest 'cat /sys/fs/cgroup/vz/lxc.payload.*/cpu.max')"
    must guest vzctl stop 101 --fast
    equal "no group is left" "" "$(guest 'ls -d /sys/fs/cgroup/vz/lxc.payload.* 2>/dev/null')"
}

main() {
    start_machine_with_packages
    copy_tests
    check_beside_systemd
    run_there limits_keys
    run_there limits_rights
    run_there neighbours
    finish
}

main
