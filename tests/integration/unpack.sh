#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The program that unpacks for others: it holds nothing that it does not need, and dies with its command, which leaves
# nothing; a missing or foreign one is named.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"
sandbox "$0" "$@"

create=(vzctl create 101 --ostemplate big)
unpackers() { pgrep -f 'vz-unpack .* /var/lib/vz/template/cache/big.tar.zst '; }
tree_folder=/var/lib/vz/template/tree

tiny_tree "$VZ_SANDBOX/big"
for part in $(seq 40); do head -c 2000000 /dev/urandom >"$VZ_SANDBOX/big/usr/$part"; done
tiny_pack "$VZ_SANDBOX/big" big
rm -r "$VZ_SANDBOX/big"

# ---- a wrong program -------------------------------------------------------------------------------------------
expect 7 env VZ_LIBEXEC_DIR=/nowhere "${create[@]}" --layout dir
check "the missing program is named" grep -q "the program /nowhere/vz-unpack is missing; reinstall vz-utils" <<<"$err"
equal "once" 1 "$(grep -c vz-unpack <<<"$err")"
mkdir "$VZ_SANDBOX/other"
printf '#!/bin/sh\necho "no such symbol" >&2\nexit 127\n' >"$VZ_SANDBOX/other/vz-unpack"
chmod 755 "$VZ_SANDBOX/other/vz-unpack"
expect 255 env VZ_LIBEXEC_DIR="$VZ_SANDBOX/other" "${create[@]}"
check "why it ended is told" grep -q "ended early (status 127): no such symbol" <<<"$err"
check "another version is refused" grep -q "install vz-utils and vz-templates of one version" \
    <<<"$("$VZ_LIBEXEC_DIR/vz-unpack" 0.1 sha256 /etc/passwd | tr '\0' '\n')"
equal "nothing was made" "" "$(ls -A "$tree_folder" /etc/vz/conf/101.conf 2>/dev/null)"

# ---- killed in the middle --------------------------------------------------------------------------------------
# Starts the command, waits until files are being written below the folder, and stops the program there.
start_unpacking() { # LAYOUT FOLDER
    "${create[@]}" --layout "$1" >/dev/null 2>&1 &
    command=$!
    until [ -n "$(find "$2" -path '*/usr/*' -print -quit 2>/dev/null)" ]; do
        kill -0 "$command" 2>/dev/null || { fail "$1: ended before it could be killed"; return 1; }
    done
    unpacker=$(unpackers)
    kill -STOP "$unpacker"
}

# The files that the program has open; "/" is the folder that it fills.
open_files() { find "/proc/$unpacker/fd" -mindepth 1 -printf '%l\n' | grep '^/' | sort -u; }

none_left() {
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        unpackers >/dev/null || return 0
        sleep 0.02
    done
    return 1
}

killed_in() { # LAYOUT FOLDER
    local layout=$1
    start_unpacking "$layout" "$2" || return
    check "$layout: it holds the container's lock" grep -qx /run/vz/lock/101.lck <<<"$(open_files)"
    equal "$layout: it holds nothing that it does not need" "" "$(open_files |
        grep -vxE '/|/usr(/.*)?|/dev/null|.*/cache/big\.tar\.zst|.*/101\.lck|.*/tree/\.lock-big@.*')"
    kill -KILL "$command"
    wait "$command" 2>/dev/null
    check "$layout: no vz-unpack outlives its command" none_left
    equal "$layout: nothing is to be seen" "CTID 101 deleted unmounted down" "$(vzctl status 101)"
    expect 0 "${create[@]}" --layout "$layout"
    expect 0 vzctl destroy 101
    equal "$layout: nothing is left over" "" "$(find /var/lib/vz/private /var/lib/vz/pending "$tree_folder" -mindepth 1 -maxdepth 1 \
        ! -name 'big@*' 2>/dev/null)"
}
killed_in dir /var/lib/vz/private
killed_in overlay "$tree_folder"
finish
