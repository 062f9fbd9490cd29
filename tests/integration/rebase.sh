#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # out and err are set by expect
# vzctl rebase: a container put on a newer edition of its template keeps what it changed, or is left as it is.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"
. "$VZ_SOURCE_DIR/tests/lib/chaos.sh"
need_programs strace
sandbox "$0" "$@"

tree=$VZ_TMP/tree
root=/var/lib/vz/root/101
edition() { # NUMBER: what an update changes
    echo "library $1" >"$tree/etc/library"
    echo "both $1" >"$tree/etc/both"
    echo "cache $1" >"$tree/etc/ld.so.cache"
    rm -rf "$tree/etc/own" "$tree"/etc/only-*
    echo "$1" >"$tree/etc/only-$1"
    [ "$1" != 1 ] || { mkdir "$tree/etc/own"; echo template >"$tree/etc/own/theirs"; }
    tiny_pack "$tree" tiny
}
mkdir "$tree" && tiny_tree "$tree"
mkdir -p "$tree"/var/log
echo kept >"$tree/etc/gone"
edition 1
on_tree() { sed -n 's/^VE_TEMPLATE="\(.*\)"/\1/p' /etc/vz/conf/101.conf; }
look() { # COMMAND…: in the mounted files
    quietly 0 vzctl mount 101
    (cd "$root" && "$@")
    quietly 0 vzctl umount 101
}
where=rebase

expect 0 vzctl create 101 --ostemplate tiny --layout overlay
look sh -c 'rm etc/gone; echo mine >etc/mine; chown 1006633960:1006633960 etc/mine; chmod 4750 etc/mine
    ln etc/mine etc/mine2; rm -rf etc/own; mkdir etc/own; echo mine >etc/own/mine
    echo changed >etc/both; echo old >etc/ld.so.cache; echo log >var/log/log'
expect 0 vzctl rebase 101
check "the newest edition already: nothing to do" grep -q already <<<"$out"
first=$(on_tree)
edition 2
expect 155 vzctl rebase 101
equal "the conflicts are listed" /etc/both "$(grep ^/ <<<"$out")"
equal "and nothing was done" "$first" "$(on_tree)"
expect 155 vzctl rebase 101 --dry-run
expect 0 vzctl rebase 101 --dry-run --take '/etc/b*'
equal "a dry run changes nothing" "$first changed" "$(on_tree) $(look cat etc/both)"
expect 0 vzctl rebase 101 --keep /etc/both
check_not "it lies on another tree" test "$first" = "$(on_tree)"
equal "what only the template changed is new" "library 2 2" "$(look cat etc/library etc/only-2 | xargs)"
equal "what only the container changed stays" "mine 4750 1006633960 2" \
    "$(look sh -c 'cat etc/mine; stat -c "%a %u %h" etc/mine' | xargs)"
equal "what it kept and what it wrote" "changed log" "$(look cat etc/both var/log/log | xargs)"
equal "what is made anew is the template's" "cache 2" "$(look cat etc/ld.so.cache)"
equal "what it removed stays removed" "mine" "$(look sh -c 'ls etc/gone etc/only-1 etc/own 2>/dev/null' | grep -v : | xargs)"
expect 0 vzctl start 101
equal "it runs" "library 2" "$(vzctl exec2 101 cat /etc/library)"
expect 32 vzctl rebase 101
expect 0 vzctl stop 101 --fast

cp /var/lib/vz/template/cache/{tiny,base}.tar.zst
edition 3
expect 0 vzctl snapshot 101 --id 11111111-1111-1111-1111-111111111111
expect 155 vzctl rebase 101 --take /etc/both
check "snapshots are told to be in the way" grep -q snapshot <<<"$err"
expect 0 vzctl snapshot-delete 101 --id 11111111-1111-1111-1111-111111111111

expect 0 vzctl rebase 101 --take /etc/both

# Killed: old or new. There and back again, between two templates.
files() { look cat etc/library etc/both etc/mine | xargs; }
before_move() {
    quietly 0 vzctl rebase 101 --ostemplate base
    equal_quietly "back again" "library 2 both 2 mine" "$(files)"
}
after_move() {
    local state
    state=$(files)
    [[ $state == "library 3 both 3 mine" || $state == "library 2 both 2 mine" ]] || fail "$where: $state"
    quietly 0 vzctl rebase 101 --ostemplate tiny
    equal_quietly "the next one works" "library 3 both 3 mine" "$(files)"
    equal_quietly "nothing stays" "1 0" "$(find /var/lib/vz/private -mindepth 1 -maxdepth 1 | wc -l) $(find /var/lib/vz/pending -type f | wc -l)"
}
step_through move rename,renameat2,fsync,mkdir after_move vzctl rebase 101 --ostemplate tiny

expect 0 vzctl create 102 --ostemplate tiny --layout dir
expect 155 vzctl rebase 102
finish
