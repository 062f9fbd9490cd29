#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154 # words for another shell; out and err are set by expect
# What went wrong in the classic tools according to their changelogs, each by its number or name. Others are where they
# belong: a private area that is a mount point (#3166) in checks_life, starts at once (#2954) in boot, ACLs and extended
# attributes (#2056) in checks_files and storage, bridge-nf (#2641) in bridges.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"
sandbox "$0" "$@"
tiny_template tiny
readonly folder=/etc/vz/conf

is() { equal "$1" "CTID $2 exist $3" "$(vzctl status "$2")"; }
for id in 101 102 103; do expect 0 vzctl create $id --ostemplate tiny --hostname "ct$id" --ipadd 10.10.0.$((id - 100)); done

# Wrong umount codes.
wrong_umount_codes() {
    expect 40 vzctl umount 101
    expect 0 vzctl mount 101
    expect 0 vzctl umount 101
    expect 40 vzctl umount 101
    expect 0 vzctl start 101
    expect 32 vzctl umount 101
    is "umount refused: it still runs" 101 "mounted running"
    expect 0 vzctl stop 101 --fast
}

# #2514: files that are no configuration of a container give no containers and no names.
bogus_names() {
    cp $folder/101.conf $folder/web.conf
    cp $folder/101.conf $folder/0101.conf
    cp $folder/101.conf $folder/101.conf.bak
    cp $folder/101.conf $folder/.104.conf.tmp
    mkdir $folder/105.conf.d
    echo 'NAME="of-host"' >$folder/0.conf
    ln -s nowhere /etc/vz/names/dangling
    equal "#2514: the containers that are" "101 102 103" "$(vzlist -a1 | xargs)"
    for name in web 0101 of-host dangling 101.conf.bak; do
        [ $name = 0101 ] || expect 21 vzctl start "$name"
    done
    rm -r $folder/{web,0101,0}.conf $folder/101.conf.bak $folder/.104.conf.tmp $folder/105.conf.d /etc/vz/names/dangling
}

# #2424, #2456: at boot only what ONBOOT says; a sample or vz.conf with ONBOOT=yes starts nothing by accident.
started_by_accident() {
    echo 'ONBOOT="yes"' >>/etc/vz/vz.conf
    expect 0 vzctl set 102 --onboot yes --save
    expect 0 vzctl set 103 --onboot no --save
    sed -i '/^ONBOOT=/d' $folder/101.conf
    expect 0 vz-boot start
    is "#2424: without ONBOOT of its own it is not started" 101 "unmounted down"
    is "#2424: ONBOOT=yes is" 102 "mounted running"
    is "#2456: ONBOOT=no is not" 103 "unmounted down"
    expect 0 vzctl start 103
    expect 0 vz-boot stop
    expect 0 vz-boot start
    is "#2456: ONBOOT=no is not started, though it ran at the shutdown" 103 "unmounted down"
    is "what runs is left alone" 102 "mounted running"
    expect 0 vz-boot stop
    sed -i '/^ONBOOT=/d' /etc/vz/vz.conf
}

# #2301: "inherit" means what the host has at each start.
inherited_dns() {
    printf 'nameserver 192.0.2.53\nsearch one.example.org\n' >"$VZ_TMP/resolv.conf"
    mount --bind "$VZ_TMP/resolv.conf" /etc/resolv.conf
    expect 0 vzctl set 101 --nameserver inherit --searchdomain inherit --save
    expect 0 vzctl start 101
    check "#2301: the host's name server" grep -q '^nameserver 192.0.2.53' <<<"$(vzctl exec2 101 cat /etc/resolv.conf)"
    equal "#2301: the word is kept" inherit "$(sed -n 's/^NAMESERVER="\(.*\)"/\1/p' $folder/101.conf)"
    expect 0 vzctl stop 101 --fast
    printf 'nameserver 192.0.2.54\n' >"$VZ_TMP/resolv.conf"
    expect 0 vzctl start 101
    check "#2301: what the host has now" grep -q '^nameserver 192.0.2.54' <<<"$(vzctl exec2 101 cat /etc/resolv.conf)"
    check_not "#2301: the old one is gone" grep -q '192.0.2.53\|inherit' <<<"$(vzctl exec2 101 cat /etc/resolv.conf)"
    expect 0 vzctl stop 101 --fast
    umount /etc/resolv.conf
}

# #2308: the default columns of vzlist do not change.
default_columns() {
    equal "#2308: the header" "      CTID      NPROC STATUS    IP_ADDR         HOSTNAME" "$(vzlist -a | head -n 1)"
}

# A halt that answers with a failure has halted all the same.
inner_halt() {
    local began
    expect 0 vzctl start 101
    expect 0 vzctl exec2 101 'printf "#!/bin/sh\nkill -PWR 1\nexit 1\n" >/sbin/halt; chmod +x /sbin/halt'
    began=$(date +%s)
    expect 0 vzctl stop 101
    check "inner halt: exit 1 is not taken for a failure, nor waited for" test $(($(date +%s) - began)) -lt 60
    is "inner halt: it is down" 101 "unmounted down"
}

# Locks: nothing of a command that failed or died is in the way of the next.
locks_after_failure() {
    mv /var/lib/vz/private/101 /var/lib/vz/private/away
    expect 43 vzctl start 101
    mv /var/lib/vz/private/away /var/lib/vz/private/101
    printf '999999\nstarting\n' >/run/vz/lock/101.lck
    expect 0 vzctl start 101
    expect 0 vzctl stop 101 --fast
    equal "no lock is left" "" "$(ls /run/vz/lock)"
}

# The stop of all, as the start: groups of BOOTORDER, VE_PARALLEL at once; VE_STOP_MODE.
order_of_stop() {
    expect 0 vzctl set 101 --bootorder 5 --save
    expect 0 vzctl set 102 --bootorder 20 --save
    printf '#!/bin/sh\necho "$VEID" >>%s\n' "$VZ_TMP/stopped" >$folder/vps.postumount
    chmod +x $folder/vps.postumount
    for id in 101 102 103; do expect 0 vzctl start $id; done
    echo 'VE_STOP_MODE="suspend"' >>/etc/vz/vz.conf
    expect 0 vz-boot stop
    check "VE_STOP_MODE=suspend: a warning" grep -q "VE_STOP_MODE" <<<"$err"
    equal "the first to start is the last to stop" "103 101 102" "$(xargs <"$VZ_TMP/stopped")"
    rm $folder/vps.postumount
    sed -i '/^VE_STOP_MODE=/d' /etc/vz/vz.conf
}

# Cron stampede: containers of one template, the same daily jobs, not the same minute.
cron_stampede() {
    local tree=$VZ_TMP/with-cron layout id
    mkdir "$tree" && tiny_tree "$tree"
    printf '25 6\t* * *\troot\tcd / && run-parts --report /etc/cron.daily\n' >"$tree/etc/crontab"
    tiny_pack "$tree" with-cron
    for layout in overlay dir; do
        for id in 201 202 203; do
            expect 0 vzctl create $id --ostemplate with-cron --layout $layout
            expect 0 vzctl mount $id
            cat /var/lib/vz/root/$id/etc/crontab
            expect 0 vzctl umount $id
            expect 0 vzctl destroy $id
        done >"$VZ_TMP/crontabs"
        check "$layout: different times" test "$(grep run-parts "$VZ_TMP/crontabs" | sort -u | wc -l)" -gt 1
        equal "$layout: the same jobs" 3 "$(grep -c 'root.cd / && run-parts --report /etc/cron.daily$' "$VZ_TMP/crontabs")"
    done
}

wrong_umount_codes
bogus_names
cron_stampede
started_by_accident
inherited_dns
default_columns
inner_halt
locks_after_failure
order_of_stop
finish
