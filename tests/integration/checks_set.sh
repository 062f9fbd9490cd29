#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154 # words for a shell inside; out and err are set by expect
# vzctl set: what reaches NUM.conf, what stays as it was, and what is refused. Limits and passwords have files of
# their own.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
sandbox "$0" "$@"
sandbox_template

readonly ct_conf=/etc/vz/conf/101.conf
expect 0 vzctl create 101 --hostname web --ipadd 10.10.0.2
expect 0 vzctl create 102 --hostname other --ipadd 10.10.0.9 --name other

value() { # KEY: as a shell would read it
    bash -c '. "$1"; printf %s "${!2-unset}"' - "$ct_conf" "$1"
}

unchanged_by() { # STATUS OPTIONS…
    local before wanted=$1
    shift
    before=$(cat "$ct_conf")
    expect "$wanted" vzctl set 101 "$@"
    equal "nothing is saved by $*" "$before" "$(cat "$ct_conf")"
}

without_save() {
    unchanged_by 0 --hostname x
    check "25: a warning" grep -qiE "WARNING: Settings were not saved to config.*--save" <<<"$err"
    unchanged_by 131 --name web # 29: without --save
    unchanged_by 20 --ostemplate other
    unchanged_by 20 --stop-timeout 30
    unchanged_by 27
}

addresses() {
    expect 0 vzctl set 101 --ipadd 10.10.0.3 --save
    check "said where it is saved" grep -q "CT configuration saved to $ct_conf" <<<"$out"
    expect 0 vzctl set 101 --ipadd 10.10.0.3 --save
    equal "26: once" "10.10.0.2 10.10.0.3" "$(value IP_ADDRESS)"
    expect 0 vzctl set 101 --ip 2001:db8::7 --ipadd 10.10.0.4 --ipdel 10.10.0.3 --save
    equal "26: added and deleted in one call" "10.10.0.2 2001:db8::7 10.10.0.4" "$(value IP_ADDRESS)"
    expect 0 vzctl set 101 --ipadd 2001:0DB8:0:0::7 --save
    equal "26: another spelling of the same" "10.10.0.2 2001:db8::7 10.10.0.4" "$(value IP_ADDRESS)"
    local bad
    for bad in 1.2.3 1.2.3.256 10.0.0.1/33 10.0.0.1/x '10.0.0.1 10.0.0.5' '' g::1 $'10.0.0.1\n' 0.0.0.0 127.0.0.1 \
        255.255.255.255 224.0.0.1 ::1 fe80::5; do
        unchanged_by 21 --ipadd "$bad" --save # 26: no address
    done
    unchanged_by 78 --ipadd 10.10.0.9 --save
    unchanged_by 78 --ipadd 198.51.100.2 --save
    expect 0 vzctl set 101 --ipdel all --save
    check "26: none left" grep -qx 'IP_ADDRESS=""' "$ct_conf"
    expect 0 vzctl set 101 --ipdel all --ipadd 10.10.0.2 --save
    equal "26: replaced" 10.10.0.2 "$(value IP_ADDRESS)"
}

resolver() {
    expect 0 vzctl set 101 --nameserver 192.0.2.1 --nameserver 192.0.2.2 --save
    equal "27: several" "192.0.2.1 192.0.2.2" "$(value NAMESERVER)"
    expect 0 vzctl set 101 --nameserver 192.0.2.3 --searchdomain a.example --searchdomain b.example --save
    equal "27: replaced" 192.0.2.3 "$(value NAMESERVER)"
    equal "27: domains" "a.example b.example" "$(value SEARCHDOMAIN)"
    unchanged_by 21 --nameserver dns.example --save
    unchanged_by 21 --searchdomain 'bad domain' --save
    expect 0 vzctl set 101 --nameserver inherit --searchdomain inherit --save
    equal "27: inherit is kept as a word" inherit "$(value NAMESERVER)"
    expect 0 vzctl set 101 --nameserver ' ' --save
    equal "27: a blank empties it, as the recipe of templates does" "" "$(value NAMESERVER | tr -d ' ')"
    expect 0 vzctl set 101 --nameserver inherit --save
}

file_is_kept() {
    printf '%s\n' '' '# UUID: 8df3b2a5-0b57-4a5b-9a0c-1e3c26a6a0f5' 'UNKNOWN_KEY="a $VEID b"' "SINGLE='one'" 'BARE=word' \
        '  INDENTED="x"   # why' '#ONBOOT="commented"' >>"$ct_conf"
    chmod 640 "$ct_conf"
    local before inode
    before=$(grep -v '^DESCRIPTION=' "$ct_conf")
    expect 0 vzctl set 101 --description 'first' --save
    exec 7<"$ct_conf" # keeps the inode from being used again
    inode=$(stat -c %i "$ct_conf")
    expect 0 vzctl set 101 --description 'a "quoted" $HOME `text` {"json": "\\"} and '"'" --save
    equal "28: a shell reads the same text" 'a "quoted" $HOME `text` {"json": "\\"} and '"'" "$(value DESCRIPTION)"
    equal "28: all other lines are as they were" "$before" "$(grep -v '^DESCRIPTION=' "$ct_conf")"
    equal "28: mode" 640 "$(stat -c %a "$ct_conf")"
    check "28: replaced, not rewritten" test "$inode" -ne "$(stat -c %i "$ct_conf")"
    exec 7<&-
    equal "28: nothing beside it" "" "$(find /etc/vz/conf -name '*101.conf?*' -o -name '.*' -type f)"
    mv "$ct_conf" "$VZ_SANDBOX/real.conf" && ln -s "$VZ_SANDBOX/real.conf" "$ct_conf"
    expect 0 vzctl set 101 --onboot yes --save
    check "28: a link is followed" test -L "$ct_conf"
    equal "28: its target has it" yes "$(value ONBOOT)"
    rm "$ct_conf" && mv "$VZ_SANDBOX/real.conf" "$ct_conf"
    unchanged_by 21 --description $'two\nlines' --save
}

names() {
    expect 0 vzctl set 101 --name web --save
    equal "29: the name works" "CTID 101 exist unmounted down" "$(vzctl status web)"
    unchanged_by 131 --name other --save # 29: it is another one's
    unchanged_by 131 --name 'a/b' --save
    unchanged_by 131 --name 103 --save
    expect 0 vzctl set web --name 'my web-1_2.3+x' --save
    equal "29: renamed" "CTID 101 exist unmounted down" "$(vzctl status 'my web-1_2.3+x')"
    expect 21 vzctl status web
    expect 0 vzctl set 101 --name '' --save
    equal "29: no name again" other "$(ls /etc/vz/names)"
}

samples() {
    local address uuid
    address=$(value IP_ADDRESS)
    uuid=$(value VE_UUID)
    expect 109 vzctl set 101 --applyconfig none-such --save # 30
    expect 0 vzctl set 101 --applyconfig vswap-512m --save
    equal "30: the limits of the sample" 512M "$(value PHYSPAGES | sed 's/.*://')"
    equal "30: the address is kept" "$address" "$(value IP_ADDRESS)"
    equal "30: the host name is kept" web "$(value HOSTNAME)"
    equal "30: the template is kept" debian-13-x86_64-minimal "$(value OSTEMPLATE)"
    equal "30: its identity is kept" "$uuid" "$(value VE_UUID)"
    check "30: the paths are kept" grep -q '^VE_PRIVATE="/var/lib/vz/private/' "$ct_conf"
    equal "30: where it came from" vswap-512m "$(value ORIGIN_SAMPLE)"
}

inside() {
    expect 0 vzctl start 101 --wait
    expect 0 vzctl set 101 --hostname live.example --nameserver 192.0.2.8 --searchdomain in.example
    equal "live: host name" live.example "$(vzctl exec2 101 hostname)"
    check "live: resolver" grep -qx "nameserver 192.0.2.8" <<<"$(vzctl exec2 101 cat /etc/resolv.conf)"
    check "live: domain" grep -qx "search in.example" <<<"$(vzctl exec2 101 cat /etc/resolv.conf)"
    equal "live: not saved" web "$(value HOSTNAME)"
    expect 0 vzctl set 101 --ipadd 10.10.0.5 --save
    check "live: the new address answers" ping -qc1 -W2 10.10.0.5
    expect 0 vzctl set 101 --ipdel 10.10.0.2 --save
    check_not "live: the old one is gone" ping -qc1 -W1 10.10.0.2
    equal "live: and from the host" "" "$(ip route show 10.10.0.2)"
    expect 78 vzctl set 102 --ipadd 10.10.0.5 --save
}

# Settings that a running container cannot take.
next_start() {
    local started='cut -d " " -f 22 /proc/1/stat' before
    before=$(vzctl exec2 101 "$started")
    unchanged_by 20 --setmode restart --mount_opts noatime
    unchanged_by 20 --force --mount_opts noatime
    unchanged_by 21 --setmode sometimes --mount_opts noatime --save
    unchanged_by 21 --netfilter none --save
    unchanged_by 32 --setmode ignore --mount_opts noatime --hostname ignored --save
    equal "--setmode ignore: nothing is applied either" live.example "$(vzctl exec2 101 hostname)"
    expect 0 vzctl set 101 --mount_opts nosuid --hostname told.example --save
    check "a warning" grep -q "WARNING: Some of the parameters could not be applied to a running container" <<<"$err"
    check "which names the setting" grep -q "Unable to change MOUNT_OPTS on a running container" <<<"$err"
    equal "what can be applied is" told.example "$(vzctl exec2 101 hostname)"
    equal "and all is saved" "nosuid told.example" "$(value MOUNT_OPTS) $(value HOSTNAME)"
    equal "it runs on" "$before" "$(vzctl exec2 101 "$started")"
    expect 0 vzctl set 101 --mount_opts nosuid --setmode ignore --save
    check_not "what is so already needs no restart" grep -q Unable <<<"$err"
    expect 0 vzctl set 101 --mount_opts noatime --hostname again.example --setmode restart --save
    check "--setmode restart restarts it" grep -q "Restarting container" <<<"$out"
    equal "with its new settings" again.example "$(vzctl exec2 101 hostname)"
    check "it is another init" test "$before" -lt "$(vzctl exec2 101 "$started")"
    expect 0 vzctl set 102 --mount_opts noatime --setmode restart --save
    equal "one that is stopped stays so" "CTID 102 exist unmounted down" "$(vzctl status 102)"
}

# What cannot be applied is saved with --force only.
forced() {
    expect 0 vzctl exec2 101 'rm /etc/hostname && mkdir -p /etc/hostname/full'
    unchanged_by 70 --hostname forced --save
    check "says that nothing is saved" grep -q "not saving configuration file" <<<"$err"
    expect 0 vzctl set 101 --hostname forced --save --force
    check "--force: says what failed" grep -q "saved although not applied" <<<"$err"
    equal "--force: saved" forced "$(value HOSTNAME)"
}

without_save
addresses
resolver
file_is_kept
names
samples
inside
next_start
forced
finish
