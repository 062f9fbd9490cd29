#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154 # words for a shell inside; out and err are set by expect
# vzctl snapshot*: states of files and configuration to come back to.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
sandbox "$0" "$@"
sandbox_template

inside() { vzctl exec2 101 "$1" 2>/dev/null; }
one=11111111-1111-1111-1111-111111111111
two=22222222-2222-2222-2222-222222222222
three=33333333-3333-3333-3333-333333333333

create() { # LAYOUT
    expect 0 vzctl create 101 --ostemplate debian-13-x86_64-minimal --layout "$1" --hostname web --ipadd 10.10.0.2
    expect 0 vzctl start 101 --wait
    inside 'echo first >/srv/state; rm -rf /usr/share/doc'
}

check_41() { # snapshot → change file and IP → switch → both back; bad id → non-zero, state kept
    expect 0 vzctl snapshot 101 --id "{$one}" --name before --description "two words"
    equal "the container runs on" alive "$(inside 'echo alive')"
    inside 'echo second >/srv/state; mkdir -p /usr/share/doc/new; rm /etc/issue'
    expect 0 vzctl set 101 --ipadd 10.10.0.3 --hostname changed --save
    expect 0 vzctl snapshot 101 --id "$two"
    expect 159 vzctl snapshot-switch 101 --id 99999999-9999-9999-9999-999999999999
    equal "41: a bad id keeps the state" second "$(inside 'cat /srv/state')"
    expect 21 vzctl snapshot-switch 101 --id ../../etc
    expect 0 vzctl snapshot-switch 101 --id "$one"
    equal "it runs again" "CTID 101 exist mounted running" "$(vzctl status 101)"
    equal "41: the file is back" first "$(inside 'cat /srv/state')"
    check "41: the address is back" grep -q '^IP_ADDRESS="10.10.0.2"' /etc/vz/conf/101.conf
    check_not "41: and the other one gone" ping -qc1 -W1 10.10.0.3
    equal "what was removed is there again" /etc/issue "$(inside 'ls /etc/issue')"
    equal "what was new is gone" "" "$(inside 'ls /usr/share/doc')"
    expect 0 vzctl snapshot-switch 101 --id "$two" --skip-resume
    equal "--skip-resume" "CTID 101 exist unmounted down" "$(vzctl status 101)"
    expect 0 vzctl start 101
    equal "forward again" second "$(inside 'cat /srv/state')"
}

listing() {
    expect 0 vzctl snapshot-list 101
    equal "titles" "PARENT_UUID                            C UUID                                   DATE                NAME" \
        "$(head -n 1 <<<"$out")"
    equal "two of them" 3 "$(wc -l <<<"$out")"
    equal "the current one" "{$two}" "$(vzctl snapshot-list 101 -H -o current,uuid | sed -n 's/^\* //p')"
    equal "its parent" "{$one}" "$(vzctl snapshot-list 101 -H -o parent_uuid --id "$two")"
    equal "JSON" "before two words" "$(vzctl snapshot-list 101 --json | jq -r '.[0] | "\(.name) \(.desc)"')"
    expect 21 vzctl snapshot-list 101 -o bogus
    expect 167 vzctl snapshot-list 101 --id 99999999-9999-9999-9999-999999999999
}

mounting() {
    mkdir -p /var/lib/vz/look
    expect 0 vzctl snapshot-mount 101 --id "$one" --target /var/lib/vz/look
    equal "it shows the old state" first "$(cat /var/lib/vz/look/srv/state)"
    check_not "it cannot be written to" touch /var/lib/vz/look/srv/x
    expect 160 vzctl snapshot-mount 101 --id "$one" --target /var/lib/vz/look
    expect 158 vzctl snapshot-delete 101 --id "$one"
    expect 0 vzctl snapshot-umount 101 --id "$one"
    expect 161 vzctl snapshot-umount 101 --id "$one"
    equal "nothing stays mounted" "" "$(ls /var/lib/vz/look)"
}

# Killed at some moments (kill_clones.sh: at all of them): it is never left frozen, and never between two states.
kills() {
    local delay
    for delay in 0.03 0.06 0.1; do
        { timeout -s KILL "$delay" vzctl --quiet snapshot 101 >/dev/null 2>&1; } 2>/dev/null
        equal "it answers after $delay s" alive "$(timeout 20 vzctl exec2 101 echo alive)"
    done
    vzctl snapshot-list 101 -H -o uuid | grep -v -e "$one" -e "$two" |
        while read -r id; do vzctl --quiet snapshot-delete 101 --id "$id" </dev/null; done
    for delay in 0.1 0.2; do
        # --foreground: waits until it is gone.
        { timeout --foreground -s KILL "$delay" vzctl --quiet snapshot-switch 101 --id "$one" >/dev/null 2>&1; } 2>/dev/null
        { timeout --foreground -s KILL "$delay" vzctl --quiet snapshot-switch 101 --id "$two" >/dev/null 2>&1; } 2>/dev/null
        # It may still be about to end.
        for _ in {1..50}; do vzctl --quiet start 101; [ -n "$(inside 'cat /srv/state')" ] && break; sleep 0.2; done
        check "one state or the other after $delay s" grep -qxE 'first|second' <<<"$(inside 'cat /srv/state')"
        equal "configuration and files fit" "$(inside 'cat /srv/state')" \
            "$(grep -q 10.10.0.3 /etc/vz/conf/101.conf && echo second || echo first)"
    done
}

would_be_done() {
    local before record=/var/lib/vz/private/101/snapshots.json
    before=$(cat "$record" /etc/vz/conf/101.conf /var/log/vz/history.jsonl; find /var/lib/vz/private/101 | sort)
    expect 0 vzctl snapshot-switch 101 --id "$one" --must-resume --dry-run
    equal "--dry-run: what would be done" "would put back the files of snapshot {$one}; what they are now would be lost
would put back /etc/vz/conf/101.conf
would start the container" "$out"
    expect 0 vzctl snapshot-delete 101 --id "$one" --dry-run
    equal "--dry-run: what would go" "would delete snapshot {$one}" "$out"
    expect 158 vzctl snapshot-delete 101 --id 99999999-9999-9999-9999-999999999999 --dry-run
    expect 159 vzctl snapshot-switch 101 --id 99999999-9999-9999-9999-999999999999 --dry-run
    expect 20 vzctl snapshot-umount 101 --id "$one" --dry-run
    equal "--dry-run: nothing is changed" "$(grep -v snapshot-umount <<<"$before")" \
        "$(cat "$record" /etc/vz/conf/101.conf /var/log/vz/history.jsonl | grep -v snapshot-umount; find /var/lib/vz/private/101 | sort)"
    equal "--dry-run: nor started" "CTID 101 exist unmounted down" "$(vzctl status 101)"
}

# What the configuration of then names may belong to others by now.
conflicts() {
    expect 0 vzctl snapshot-switch 101 --id "$two" --skip-resume
    would_be_done
    expect 0 vzctl set 101 --ipdel 10.10.0.2 --save
    expect 0 vzctl create 102 --ostemplate debian-13-x86_64-minimal --ipadd 10.10.0.2
    expect 159 vzctl snapshot-switch 101 --id "$one" --dry-run
    expect 159 vzctl snapshot-switch 101 --id "$one"
    check "the way out is told" grep -q -- --skip-config <<<"$err"
    expect 0 vzctl snapshot-switch 101 --id "$one" --skip-config
    check "--skip-config" grep -q '^IP_ADDRESS="10.10.0.3"' /etc/vz/conf/101.conf
    expect 0 vzctl destroy 102
    expect 0 vzctl set 101 --name renamed --save
    expect 0 vzctl snapshot-switch 101 --id "$one"
    expect 21 vzctl status renamed
    expect 0 vzctl start 101
}

deleting() {
    expect 0 vzctl snapshot-switch 101 --id "$two" --dry-run
    check "--dry-run: that it runs is told" grep -q "^would kill the running container" <<<"$out"
    equal "--dry-run: it runs on" first "$(inside 'cat /srv/state')"
    expect 0 vzctl snapshot-delete 101 --id "$one"
    equal "the child has no parent now" "-" "$(vzctl snapshot-list 101 -H -o parent_uuid)"
    expect 0 vzctl snapshot-switch 101 --id "$two"
    equal "and is whole" second "$(inside 'cat /srv/state')"
    expect 0 vzctl snapshot-delete 101 --id "$two"
    equal "none is left" "" "$(vzctl snapshot-list 101 -H)"
}

# The record is lost: the files of no snapshot are, and each can still be had back, or removed.
lost_record() {
    local record=/var/lib/vz/private/101/snapshots.json
    mv "$record" "$VZ_TMP/record"
    equal "both are there still" "$(printf '%s\n' "{$one}" "{$two}")" "$(vzctl snapshot-list 101 -H -o uuid | sort)"
    equal "nothing is known of them" "(unknown) (unknown)" "$(vzctl snapshot-list 101 -H -o name | xargs)"
    check "but when they were made" grep -qE '^20[0-9]{2}-' <<<"$(vzctl snapshot-list 101 -H -o date --id "$one")"
    equal "JSON has no name" null "$(vzctl snapshot-list 101 --json | jq -r '.[0].name')"
    expect 0 vzctl snapshot 101 --id "$three" --name after
    expect 0 vzctl snapshot-switch 101 --id "$one"
    equal "going back works" first "$(inside 'cat /srv/state')"
    equal "it is the current one" "{$one}" "$(vzctl snapshot-list 101 -H -o current,uuid | sed -n 's/^\* //p')"
    expect 0 vzctl snapshot-mount 101 --id "$two" --target /var/lib/vz/look
    equal "and looking" second "$(cat /var/lib/vz/look/srv/state)"
    expect 0 vzctl snapshot-umount 101 --id "$two"
    expect 0 vzctl snapshot-switch 101 --id "$two"
    rm "$record"
    expect 0 vzctl snapshot-delete 101 --id "$three"
    check_not "and deleting" ls -d /var/lib/vz/private/101/snapshots/$three
    equal "only that one" 2 "$(vzctl snapshot-list 101 -H | wc -l)"
    mv "$VZ_TMP/record" "$record"
    equal "put back, it knows them again" before "$(vzctl snapshot-list 101 -H -o name --id "$one")"
}

# A damaged record: one message, and nothing is changed.
damaged_record() {
    local record=/var/lib/vz/private/101/snapshots.json text before
    before=$(find /var/lib/vz/private/101/snapshots -maxdepth 1 | sort)
    cp "$record" "$VZ_TMP/record"
    for text in '' '{"snapshots": [' '{"snapshots": 1}' '{"snapshots": [{"id": "../../.."}]}' '[]' \
        "{\"snapshots\": [{\"id\": \"$one\"}, {\"id\": \"$one\"}]}"; do
        printf %s "$text" >"$record"
        for verb in snapshot "snapshot-switch --id $one" "snapshot-delete --id $one" snapshot-list; do
            # shellcheck disable=SC2086
            set -- $verb
            expect 167 vzctl "$1" 101 "${@:2}"
            equal "$1: one message" 1 "$(wc -l <<<"$err")"
            check "$1: what to do is said" grep -q "$record is damaged.*move it away" <<<"$err"
        done
        equal "the record is as it was" "$text" "$(cat "$record")"
    done
    equal "no snapshot was touched" "$before" "$(find /var/lib/vz/private/101/snapshots -maxdepth 1 | sort)"
    cp "$VZ_TMP/record" "$record"
}

create overlay
check_41
listing
mounting
kills
lost_record
damaged_record
conflicts
deleting
vzctl --quiet stop 101 --fast
expect 0 vzctl destroy 101
equal "nothing stays" "" "$(ls /var/lib/vz/private)"

expect 0 vzctl create 101 --ostemplate debian-13-x86_64-minimal --layout dir
expect 156 vzctl snapshot 101
check "a layout that cannot says which can" grep -q overlay <<<"$err"
finish
