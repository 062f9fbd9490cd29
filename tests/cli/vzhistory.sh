#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # out and err are set by expect
# vzhistory below a root of its own: notes, filters, forms of output, rotated and broken files.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"

export VZ_SYSROOT="$VZ_TMP/root" TZ=UTC
readonly log=$VZ_SYSROOT/var/log/vz
mkdir -p "$VZ_SYSROOT/etc/vz/conf" "$log"
: >"$VZ_SYSROOT/etc/vz/vz.conf"
echo 'NAME="web"' >"$VZ_SYSROOT/etc/vz/conf/101.conf"

line() { # TIME CTID USER FROM STATUS COMMAND…
    local words
    words=$(printf ', "%s"' "${@:6}")
    printf '{"time": "%s", "seconds": 1.5, "ctid": %s, "uid": 1000, "user": "%s", "tty": "pts/0", "from": "%s", "service": null, "command": [%s], "note": null, "status": %s, "error": null}\n' \
        "$1" "$2" "$3" "$4" "${words:2}" "$5"
}

whats() { vzhistory -H -o what "$@" | xargs -d '\n' -r printf '%s|'; }

expect 0 vzhistory
equal "nothing yet: headers only" 1 "$(wc -l <<<"$out")"
expect 0 vzhistory --json
equal "nothing yet: an empty array" "[]" "$out"

{
    line 2026-11-20T08:00:00.000Z 101 anna 192.0.2.7 0 vzctl create 101
    line 2026-11-21T08:00:00.000Z 102 bert 192.0.2.8 32 vzctl start 102
} | gzip >"$log/history.jsonl.2.gz"
line 2026-11-22T08:00:00.000Z 101 anna 192.0.2.7 0 vzctl start 101 >"$log/history.jsonl.1"
line 2026-11-23T08:00:00.000Z null anna 2001:db8::7 0 vztemplate build 'a b' >"$log/history.jsonl"
echo nonsense >"$log/history.jsonl.tmp"

expect 0 vzhistory -H
equal "the table, oldest first, of rotated files too" "2026-11-20 08:00:00        101 anna       192.0.2.7            0 vzctl create 101
2026-11-21 08:00:00        102 bert       192.0.2.8           32 vzctl start 102
2026-11-22 08:00:00        101 anna       192.0.2.7            0 vzctl start 101
2026-11-23 08:00:00          - anna       2001:db8::7          0 vztemplate build 'a b'" "$out"
equal "of one container" "vzctl create 101|vzctl start 101|" "$(whats 101)"
equal "by its name" "vzctl create 101|vzctl start 101|" "$(whats web)"
equal "of one that is no more" "vzctl start 102|" "$(whats 102)"
equal "of those on standard input" "vzctl start 102|" "$(echo 102 | whats -)"
equal "of none" "" "$(whats - </dev/null)"
equal "the last ones" "vzctl start 101|vztemplate build 'a b'|" "$(whats --last 2)"
equal "the last one of a container" "vzctl start 101|" "$(whats -n 1 101)"
equal "since" "vzctl start 101|vztemplate build 'a b'|" "$(whats --since 2026-11-22)"
equal "since and until" "vzctl start 102|" "$(whats --since "2026-11-20 09:00" --until 2026-11-22T08:00:00Z)"
equal "who" "vzctl start 102|" "$(whats --who bert)"
equal "from where" "vzctl create 101|vzctl start 101|" "$(whats --who '192.0.2.7')"
equal "a pattern" "vztemplate build 'a b'|" "$(whats --who '2001:*')"
expect 0 vzhistory --json 102
equal "JSON" '[102,"bert",32,["vzctl","start","102"],null,1.5]' \
    "$(python3 -c 'import json,sys; e=json.load(sys.stdin)[0]; print(json.dumps([e["ctid"],e["who"],e["status"],e["command"],e["note"],e["seconds"]],separators=(",",":")))' <<<"$out")"

for bad in "--since never" "--until 2026-02-30" "--last x" "nobody" "--last -1"; do
    # shellcheck disable=SC2086 # words
    expect 21 vzhistory $bad
done
expect 1 vzhistory -o bogus
expect 2 vzhistory --bogus

notes() {
    expect 0 vzhistory --note "moved, see ticket 4711" 101
    expect 0 vzhistory --note "a note without a container"
    equal "a note of a container" "note: moved, see ticket 4711|" "$(whats --last 1 101)"
    equal "all notes" "note: moved, see ticket 4711|note: a note without a container|" "$(whats --last 2)"
    check "it has a writer" test -n "$(vzhistory -H -o who -n 1)"
    for bad in "" "   " $'two\nlines' $'\e[2J' "$(printf 'x%.0s' {1..2001})"; do expect 21 vzhistory --note "$bad"; done
    equal "nothing of these was kept" 3 "$(wc -l <"$log/history.jsonl")"
    expect 0 vzhistory --note "$(printf '\\%.0s' {1..2000})"
    expect 0 vzhistory -n 1
    equal "the longest note can be read" "" "$err"
}

broken() {
    cp "$log/history.jsonl" "$VZ_TMP/saved"
    {
        printf 'not JSON\n\x1b[2J\n{"time": 7}\n'
        head -c 100000 /dev/zero | tr '\0' x
        printf '\n{"half": '
    } >>"$log/history.jsonl"
    expect 0 vzhistory --note "after half a line"
    expect 0 vzhistory -n 1 -H -o note
    equal "what follows half a line is whole" "after half a line" "$out"
    check "one warning counts the broken ones" grep -q "history.jsonl: 5 broken line(s) skipped, the first is line 5" <<<"$err"
    equal "it is one line" 1 "$(wc -l <<<"$err")"
    line 2026-11-24T08:00:00.000Z 101 '\u001b[31m\u009b' '\u001b]0;x\u0007' 0 vzctl '\u001b[2J' 'a\nb' >>"$log/history.jsonl"
    check_not "nothing hostile reaches a terminal" grep -qP '\x1b|\x9b|\x07' <<<"$(vzhistory --since 2026-11-24 2>&1)"
    check_not "nor a reader of JSON" grep -qP '\x1b|\x07' <<<"$(vzhistory --json --since 2026-11-24 2>&1)"
    head -c 60 "$log/history.jsonl.2.gz" >"$log/history.jsonl.3.gz"
    expect 0 vzhistory 101
    check "a damaged rotated file is told" grep -q "history.jsonl.3.gz" <<<"$err"
    check "and the others are read" grep -q "vzctl create 101" <<<"$out"
    rm "$log/history.jsonl.3.gz"
    mkfifo "$log/history.jsonl.4"
    expect 3 vzhistory
    rm "$log/history.jsonl.4"
    rm "$log/history.jsonl"
    ln -s "$VZ_TMP/elsewhere" "$log/history.jsonl"
    expect 3 vzhistory --note x
    check_not "a link is not followed" test -e "$VZ_TMP/elsewhere"
    rm "$log/history.jsonl"
    cp "$VZ_TMP/saved" "$log/history.jsonl"
}

# Followed into the successor of a rotated journal, and ended by a signal.
followed() {
    vzhistory -f -H -o note -n 0 >"$VZ_TMP/followed" &
    local pid=$! n
    until_there() { for _ in {1..100}; do grep -q "$1" "$VZ_TMP/followed" && return; sleep 0.1; done; return 1; }
    for n in {1..100}; do
        vzhistory --note "probe $n"
        grep -q probe "$VZ_TMP/followed" && break
        sleep 0.1
    done
    vzhistory --note "first"
    mv "$log/history.jsonl" "$log/history.jsonl.1"
    vzhistory --note "second"
    check "what is done is shown" until_there first
    check "also after a rotation" until_there second
    kill -TERM $pid
    wait $pid
    equal "ended by a signal" 0 $?
    equal "each once" "first|second|" "$(grep -v probe "$VZ_TMP/followed" | xargs -d '\n' printf '%s|')"
}

notes
broken
followed
expect 0 vzhistory --last 1
chmod 0 "$log/history.jsonl"
if [ "$(id -u)" -ne 0 ]; then
    expect 12 vzhistory
fi
finish
