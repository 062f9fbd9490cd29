#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # out and err are set by expect
# Building for real: killed at several points and then whole; the same packages give the same bytes; what is in it.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/template_cache.sh"
need_root
need_programs mmdebstrap

name=debian-13-x86_64-minimal
cached=$(template_archive "$name") || { fail "build $name for the cache" && finish; }

# On disk: a memory file system may be too small.
VZ_SYSROOT=$(mktemp -d /var/tmp/vz-build.XXXXXX)
export VZ_SYSROOT
trap 'rm -rf --one-file-system "$VZ_SYSROOT"' EXIT
store=$VZ_SYSROOT/var/lib/vz/template
mkdir -p "$VZ_SYSROOT/etc/vz"
cp "$VZ_SOURCE_DIR/utils/conf/vz.conf" "$VZ_SYSROOT/etc/vz/"
# shellcheck disable=SC2317 # called by expect
build() { vztemplate build "$name" --recipe-dir "$VZ_SOURCE_DIR/templates/recipes" "$@"; }
date_in() { grep -o '"source_date_epoch": *[0-9]*' "$1"; }

expect 91 vztemplate build no-such-recipe
expect 2 vztemplate build
expect 2 vztemplate build --mirror "no uri" "$name" --recipe-dir "$VZ_SOURCE_DIR/templates/recipes"
expect 1 build --mirror http://127.0.0.1:1/debian
equal "a failed build leaves nothing" "" "$(find "$store" -mindepth 1 ! -path "$store/cache" ! -path "$store/tree")"

for seconds in 1 4 9 16; do
    vztemplate build "$name" --quiet --recipe-dir "$VZ_SOURCE_DIR/templates/recipes" >/dev/null 2>&1 &
    victim=$!
    sleep "$seconds"
    kill -KILL "$victim" 2>/dev/null || break # it was quicker
    wait "$victim" 2>/dev/null
    sleep 0.5 # the kernel ends the rest of its PID namespace
    equal "killed after $seconds s: nothing is listed" "" "$(vztemplate list -H -o name)"
    equal "killed after $seconds s: no process is left" "" "$(pgrep -f "$VZ_SYSROOT")"
    equal "killed after $seconds s: no mount is left" "" "$(grep -F "$VZ_SYSROOT" /proc/self/mountinfo)"
done
# A signal that can be noticed: nothing is left when it has ended.
for try in "1 TERM 143" "6 TERM 143" "11 INT 130"; do
    read -r seconds signal status <<<"$try"
    timeout --foreground --preserve-status -s "$signal" "$seconds" \
        vztemplate build "$name" --quiet --recipe-dir "$VZ_SOURCE_DIR/templates/recipes" >/dev/null 2>&1
    ended=$?
    [ "$ended" -ne 0 ] || break # it was quicker
    equal "$signal after $seconds s: ended by the signal" "$status" "$ended"
    equal "$signal after $seconds s: no process is left" "" "$(pgrep -f "$VZ_SYSROOT")"
    equal "$signal after $seconds s: no mount is left" "" "$(grep -F "$VZ_SYSROOT" /proc/self/mountinfo)"
    equal "$signal after $seconds s: nothing is left" $'cache\ntree' "$(find "$store" -mindepth 1 -printf '%P\n' | sort)"
done
expect 0 build
equal "the name is printed" "$name" "$out"
equal "nothing but cache and trees is left" $'cache\ntree' "$(ls -A "$store")"
expect 0 vztemplate verify "$name"

# The mirror may have changed since the cache was filled; then a second build tells.
if [ "$(date_in "${cached%.tar.zst}.json")" != "$(date_in "$store/cache/$name.json")" ]; then
    mkdir "$VZ_SYSROOT/first"
    cp "$store/cache/$name.tar.zst" "$VZ_SYSROOT/first/"
    cached=$VZ_SYSROOT/first/$name.tar.zst
    expect 0 build --force
fi
check "the same packages give the same bytes" cmp "$cached" "$store/cache/$name.tar.zst"
expect 0 build
check "a second run finds it" grep -q "here already" <<<"$err"

# What is in it

tree=$(echo "$store/tree/$name@"*)
in_tree() { find "$tree/$1" -mindepth 1 "${@:2}" 2>/dev/null; }
equal "machine-id is empty" 0 "$(stat -c %s "$tree/etc/machine-id")"
equal "resolv.conf is empty" 0 "$(stat -c %s "$tree/etc/resolv.conf")"
equal "no logs" "" "$(in_tree var/log -type f)"
equal "no packages, no lists" "" "$(in_tree var/cache/apt)$(in_tree var/lib/apt/lists)"
equal "no ssh host keys" "" "$(in_tree etc/ssh -name 'ssh_host_*')"
equal "no devices" "" "$(in_tree . '(' -type b -o -type c ')')"
equal "no account has an empty password" "" "$(awk -F: '$2 == ""' "$tree/etc/shadow")"
check "root is locked" grep -q '^root:[*!]' "$tree/etc/shadow"
check "units that cannot work are masked" test "$(readlink "$tree/etc/systemd/system/systemd-udevd.service")" = /dev/null
check "apt has sources" grep -q '^URIs: ' "$tree/etc/apt/sources.list.d/debian.sources"
check "the manifest lists packages" grep -q '"systemd-sysv"' "$store/cache/$name.json"
finish
