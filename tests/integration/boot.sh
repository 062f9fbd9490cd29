#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154 # words for another shell; out and err are set by expect
# The service of the host: what it starts at boot, in which order, and what it stops.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
sandbox "$0" "$@"
sandbox_template

readonly said=$VZ_TMP/said
ids=(101 102 103 104 105 106)

words() { # the last word of each container's status
    local id
    for id in "${ids[@]}"; do vzctl status "$id" | cut -d ' ' -f 5; done | xargs
}

create_all() {
    local id
    for id in "${ids[@]}"; do expect 0 vzctl create "$id"; done
    expect 0 vzctl set 101 --onboot yes --save
    expect 0 vzctl set 102 --onboot yes --bootorder 5 --save
    expect 0 vzctl set 103 --onboot no --save
    expect 0 vzctl set 104 --onboot yes --bootorder 20 --save
    expect 0 vzctl set 105 --onboot yes --bootorder 20 --save # this one is broken
    rm -r /var/lib/vz/private/105
    sed -i '/^ONBOOT=/d' /etc/vz/conf/106.conf
    printf '#!/bin/sh\necho "$VEID" >>%s\n' "$said" >/etc/vz/conf/vps.mount
    chmod +x /etc/vz/conf/vps.mount
}

first_boot() {
    expect 3 vz-boot status
    expect 3 vz-boot start # one of them failed
    check "40: the broken one is named" grep -q 105 <<<"$err"
    equal "40: ONBOOT=yes runs, nothing else" "running running down running down down" "$(words)"
    equal "40: higher BOOTORDER first, none last" "104 102 101" "$(xargs <"$said")"
    expect 0 vz-boot status
    : >"$said"
    expect 3 vz-boot start
    equal "40: started twice: nothing more happens" "" "$(cat "$said")"
}

second_boot() {
    expect 0 vzctl stop 101
    expect 0 vzctl start 103
    expect 0 vzctl start 106
    expect 0 vzctl mount 101
    expect 0 vz-boot stop
    equal "all are stopped" "down down down down down down" "$(words)"
    equal "and unmounted" "" "$(grep ' /var/lib/vz/root/1' /proc/self/mounts)"
    equal "no device is left" "" "$(ip -o link show | grep venet)"
    expect 3 vz-boot status
    expect 0 vz-boot stop
    : >"$said"
    rm /etc/vz/conf/105.conf
    ids=(101 102 103 104 106)
    expect 0 vz-boot start
    equal "40: what ran at the shutdown starts again, never ONBOOT=no" "running running down running running" "$(words)"
    expect 0 vzctl stop 106
    expect 0 vz-boot stop
    expect 0 vz-boot start
    equal "40: without ONBOOT only what ran" "running running down running down" "$(words)"
    expect 0 vz-boot stop
}

# Three that each wait for the others: only starting them at once can succeed.
in_parallel() {
    local id
    for id in 101 102 104; do sed -i '/^BOOTORDER=/d' "/etc/vz/conf/$id.conf"; done
    printf '#!/bin/sh\n: >"%s/here.$VEID"\n%s\n' "$VZ_TMP" "for i in \$(seq 100); do
        [ -e $VZ_TMP/here.101 ] && [ -e $VZ_TMP/here.102 ] && [ -e $VZ_TMP/here.104 ] && exit 0
        sleep 0.1
    done; exit 1" >/etc/vz/conf/vps.premount
    chmod +x /etc/vz/conf/vps.premount
    expect 0 vz-boot start
    equal "40, #2954: they start at once" "running running down running down" "$(words)"
    equal "each line says whose it is" "" "$(grep -v '^\(vz-boot: warning: \)\?CT 10[124]: ' <<<"$err")"
    for id in 101 102 104; do check "CT $id is heard" grep -q "^CT $id: Container is mounted" <<<"$err"; done
    rm /etc/vz/conf/vps.premount
    expect 0 vz-boot stop
    equal "each line of stop, too" "" "$(grep -v '^\(vz-boot: warning: \)\?CT 10[0-9]: ' <<<"$err")"
}

switched_off() {
    sed -i 's/^VIRTUOZZO=.*/VIRTUOZZO="no"/' /etc/vz/vz.conf
    expect 0 vz-boot start
    equal "VIRTUOZZO=no: nothing is started" "down down down down down" "$(words)"
    expect 2 vz-boot
    mv /etc/vz/vz.conf /etc/vz/vz.conf.away
    expect 10 vz-boot start
}

create_all
first_boot
second_boot
in_parallel
switched_off
finish
