#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154 # words for a shell inside; out and err are set by expect
# vzbackup: whole and incremental, stopped and running, what plain tar makes of it, what is kept and what goes.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/backup_tree.sh"
sandbox "$0" "$@"
sandbox_template

depot=/var/lib/vz/dump

newest() { vzbackup list 101 -Ho id | tail -1; }
part() { echo "$depot/$1.$2"; }
manifest() { zstdcat "$(part "$1" files.zst)"; }

part_of_tree() { # FOLDER FIRST_ID: all that a backup promises to keep
    (cd "$1" && find ./srv ./etc ./usr/share/doc/base-files ! -type s -printf '%P %y %m %s %T@ %l ' -exec sh -c \
        'stat -c "%u %g" "$2" | awk -v f="$1" "{print \$1-f, \$2-f}"; [ ! -f "$2" ] || [ -L "$2" ] || sha256sum <"$2"; [ -L "$2" ] || getfattr -h -d -m "^user" --absolute-names "$2" 2>/dev/null | grep -v "^#"' \
        sh "$2" '{}' ';' | LC_ALL=C sort)
}

whole() {
    expect 1 vzbackup --dumpdir /nowhere 101
    check "a place that is not there says what to do" grep -q "mount or make" <<<"$err"
    expect 0 vzbackup 101
    first=$out
    check "prints the id" test -e "$(part "$first" json)"
    check "only root reads it" test "$(stat -c %a "$(part "$first" json)")$(stat -c %a "$(part "$first" tar.zst)")" = 600600
    check "zstd finds its archive whole" zstd -qt "$(part "$first" tar.zst)"
    equal "the template is kept beside it, once" 1 "$(find "$depot" -name 'template-*' | wc -l)"
}

incremental() {
    expect 0 vzbackup 101 --json
    equal "goes on from the first" "$first" "$(jq -r .base <<<"$out")"
    check "reads next to nothing when nothing has changed" test "$(jq .bytes_read <<<"$out")" -lt 2000000
    expect 0 vzctl exec 101 'echo two >/srv/deep/er/file; rm /srv/soft; mv /srv/deep /srv/moved'
    expect 0 vzbackup 101 --json
    local second
    second=$(jq -r .id <<<"$out")
    check "has what has changed" test "$(jq .bytes_read <<<"$out")" -gt 0
    check "knows what is gone" test -z "$(manifest "$second" | jq -r 'select(.path == "srv/soft") | .path')"
    equal "one with another name is not read again" srv/deep/er "$(manifest "$second" | jq -r 'select(.path == "srv/moved/er") | .type' | sed 's/folder/srv\/deep\/er/')"
    expect 0 vzbackup 101 --full --json
    equal "--full goes on from nothing" null "$(jq .base <<<"$out")"
}

show() {
    expect 0 vzbackup list 101
    equal "lists them with a line of headers" 5 "$(wc -l <<<"$out")"
    expect 0 vzbackup list 101 --json
    equal "the same in JSON" 4 "$(jq length <<<"$out")"
    expect 0 vzbackup info 101 --json
    equal "info of a CTID is that of the newest" "$(newest)" "$(jq -r .id <<<"$out")"
    expect 0 vzbackup info "$(part "$first" tar.zst)"
    check "info of a path" grep -q "^id *$first" <<<"$out"
    expect 0 vzbackup info web --json
    equal "info of a name" "$(newest)" "$(jq -r .id <<<"$out")"
    expect 0 vzbackup list web -Ho id
    equal "and all of that name" 4 "$(wc -l <<<"$out")"
    expect 1 vzbackup info nobody
    expect 0 vzctl set 101 --name old --save
    expect 0 vzctl create 102 --name web
    expect 0 vzbackup 102
    expect 1 vzbackup info web
    check "a name that two had is not guessed at" grep -q "of 102 and of 101" <<<"$err"
    expect 0 vzbackup remove 102
    expect 0 vzctl destroy 102
}

retention() {
    expect 0 vzbackup prune 101 --keep-last 2 --dry-run
    equal "says which would go" 2 "$(wc -l <<<"$out")"
    equal "and nothing goes" 4 "$(vzbackup list 101 -Ho id | wc -l)"
    expect 0 vzbackup prune 101 --keep-last 2
    equal "they go" 2 "$(vzbackup list 101 -Ho id | wc -l)"
    check "an archive that a later one needs stays" test -e "$(part "$first" tar.zst)"
    expect 0 vzbackup prune 101 --keep-last 1
    check_not "until that goes too" test -e "$(part "$first" tar.zst)"
    equal "nothing else is left" "$(newest).files.zst $(newest).json $(newest).tar.zst" \
        "$(find "$depot" -name 'vzbackup-*' -printf '%f\n' | sort | xargs)"
}

verify() {
    local id
    id=$(newest)
    expect 0 vzbackup verify 101
    equal "verify prints what is sound" "$id" "$out"
    printf '\1\2\3\4\5\6\7' | dd of="$(part "$id" tar.zst)" bs=1 seek=4000 conv=notrunc 2>/dev/null
    expect 3 vzbackup verify 101 999
    check "and names what is not" grep -q "$id.tar.zst" <<<"$err"
    expect 0 vzbackup 101 --full
    expect 0 vzbackup prune 101 --keep-last 1
}

damaged() {
    local id bits=0 byte
    id=$(newest)
    cp "$(part "$id" json)" "$VZ_TMP/head"
    for byte in 5 100 300 900; do
        printf '\x01' | dd of="$(part "$id" json)" bs=1 seek=$byte conv=notrunc 2>/dev/null
        vzbackup info "$id" >/dev/null 2>&1 || bits=$((bits + 1))
        cp "$VZ_TMP/head" "$(part "$id" json)"
    done
    equal "each byte of a head that is another is found" 4 $bits
    : >"$(part "$id" files.zst)"
    expect 0 vzbackup 101 --json
    check "on a damaged one nothing is built: a full one is made" grep -q "a full backup is made" <<<"$err"
    equal "it stands alone" null "$(jq .base <<<"$out")"
    rm "$(part "$(jq -r .id <<<"$out")" tar.zst)"
    expect 0 vzbackup 101 --json
    equal "nor on one whose archive is gone" null "$(jq .base <<<"$out")"
    touch "$depot/.vzbackup-101-2020_01_01-00_00_00.tar.zst"
    expect 0 vzbackup 101
    check_not "what a killed run left is cleared" test -e "$depot/.vzbackup-101-2020_01_01-00_00_00.tar.zst"
}

modes() {
    expect 0 vzctl start 101 --wait
    local before
    before=$(jq .init /run/vz/ct/101/runtime.json)
    expect 0 vzbackup 101 --suspend --json
    equal "suspend" suspend "$(jq -r .mode <<<"$out")"
    check "it was held still for a moment ($(jq .frozen_ms <<<"$out") ms)" test "$(jq .frozen_ms <<<"$out")" -lt 5000
    equal "and runs on" "$before" "$(jq .init /run/vz/ct/101/runtime.json)"
    expect 0 vzbackup 101 --stop --json
    equal "stop" stop "$(jq -r .mode <<<"$out")"
    check "it runs again" vzctl exec2 101 true
    check_not "anew" test "$before" = "$(jq .init /run/vz/ct/101/runtime.json)"
    expect 0 vzctl stop 101 --fast
}

hooks() {
    printf '#!/bin/sh\necho noise\necho "$# $1 $2 $3 $VMTYPE $HOSTNAME $DUMPDIR ${TARFILE##*/} ${TARGET##*/} $LOGFILE" >>%s/hook\n' "$VZ_TMP" >"$VZ_TMP/script" && chmod 755 "$VZ_TMP/script"
    expect 0 vzbackup 101 --script "$VZ_TMP/script"
    check "prints nothing but the id" test "$(wc -l <<<"$out")" = 1
    local log task="snapshot 101 openvz web $depot $out.tar.zst $out.tar.zst"
    log=$(sed -n 's/^LOGFILE=//p' /etc/vz/vz.conf | tr -d '"')
    equal "phases of vzdump, and its environment" "1 job-start   openvz  $depot   $log
3 backup-start $task $log
3 backup-end $task $log
1 job-end   openvz  $depot   $log" "$(cat "$VZ_TMP/hook")"
    expect 1 vzbackup 101 --script /bin/false
    check "one that fails ends it" grep -q "job-start: exit status 1" <<<"$err"
    printf '#!/bin/sh\necho "$1" >>%s/phases\n[ "$1" != backup-start ]\n' "$VZ_TMP" >"$VZ_TMP/script"
    expect 1 vzbackup 101 --script "$VZ_TMP/script"
    check "at backup-start, of that container" grep -q "CT 101: .*backup-start: exit status 1" <<<"$err"
    equal "the job goes on" "job-start backup-start job-end" "$(xargs <"$VZ_TMP/phases")"
    : >"$VZ_TMP/phases"
    printf '#!/bin/sh\necho "$1" >>%s/phases\n[ "$1" != job-start ]\n' "$VZ_TMP" >"$VZ_TMP/script"
    expect 1 vzbackup 101 --script "$VZ_TMP/script"
    equal "at job-start, of all" "job-start job-abort" "$(xargs <"$VZ_TMP/phases")"
}

# A template stays as long as a backup lies on it, or may come to.
templates() {
    local template
    template=$(ls $depot/template-*)
    : >"$depot/template-own.tar.zst"
    expect 0 vzbackup remove 101
    check "a template that others need stays" test -e "$template"
    local others
    mapfile -t others < <(vzbackup list -Ho id)
    # Another container is being backed up, from a script that waits: its head is still to come.
    expect 0 vzctl create 102
    printf '#!/bin/sh\n[ "$1" != backup-start ] || { touch %s/waits; while [ ! -e %s/go ]; do sleep 0.1; done; }\n' "$VZ_TMP" "$VZ_TMP" >"$VZ_TMP/script"
    vzbackup 102 --script "$VZ_TMP/script" >"$VZ_TMP/id" 2>/dev/null &
    local waiting=$!
    while [ ! -e "$VZ_TMP/waits" ]; do sleep 0.1; done
    expect 0 vzbackup remove "${others[@]}"
    check "nor does it go while one is being made" test -e "$template"
    touch "$VZ_TMP/go"
    wait $waiting
    expect 0 vzbackup verify "$(cat "$VZ_TMP/id")"
    expect 0 vzbackup remove 102
    check_not "it goes with the last one" test -e "$template"
    check "a file that only looks like one stays" test -e "$depot/template-own.tar.zst"
    expect 0 vzbackup 102
    expect 0 vzbackup verify 102
    printf x >>"$depot/$out.json"
    expect 0 vzbackup 101
    expect 0 vzbackup remove 101
    check "with a head that nobody can read it stays" test -e "$template"
    expect 0 vzctl destroy 102
}

expect 0 vzctl create 101 --hostname web --name web
expect 0 vzctl mount 101
expect 0 vzctl start 101
many_kinds
expect 0 vzctl stop 101 --fast
whole
check "plain tar and zstd restore it" restored_by_tar "$(part "$first" tar.zst)" "$VZ_TMP/plain"
expect 0 vzctl mount 101
ids=$(stat -c %u /var/lib/vz/root/101/etc)
equal "just as it was" "$(part_of_tree /var/lib/vz/root/101 "$ids")" "$(part_of_tree "$VZ_TMP/plain/seen" 0)"
check "hard links too" test "$VZ_TMP/plain/seen/srv/link" -ef "$VZ_TMP/plain/seen/srv/deep/er/file"
equal "ACLs too" "user:33:rw-" "$(getfacl -cn "$VZ_TMP/plain/seen/srv/empty" | grep user:33)"
equal "file capabilities too" cap_net_raw=ep "$(getcap "$VZ_TMP/plain/seen/srv/cap" | cut -d ' ' -f 2)"
umount "$VZ_TMP/plain/seen"
expect 0 vzctl umount 101
expect 0 vzctl start 101
incremental
show
expect 0 vzctl stop 101 --fast
retention
verify
damaged
modes
hooks
templates
expect 0 vzctl destroy 101
finish
