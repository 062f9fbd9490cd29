#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vzdf below a root of its own: columns, JSON, ids from standard input, exit codes.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"

export VZ_SYSROOT="$VZ_TMP/root"
mkdir -p "$VZ_SYSROOT/etc/vz/conf" "$VZ_SYSROOT/var/lib/vz/private/101/etc"
: >"$VZ_SYSROOT/etc/vz/vz.conf"
printf 'DISKSPACE="1048576:2097152"\nDISKINODES="10:unlimited"\n' >"$VZ_SYSROOT/etc/vz/conf/101.conf"

expect 0 vzdf
check "the header names the columns" grep -q '^ *CTID *LIMIT *SIZE' <<<"$out"
check "sizes are for people" grep -q '^ *101 *2.0G ' <<<"$out"
expect 0 vzdf -H -o ctid,limit,ilimit
equal "cells are aligned, absent ones are a dash" "       101      2.0G         -" "$out"
expect 0 vzdf -j -o ctid,limit,ilimit
equal "JSON has numbers" '[{"ctid":101,"limit":2147483648,"ilimit":null}]' "$(tr -d ' \n' <<<"$out")"
equal "a container without HOSTNAME has none, as in vzlist" "- -" "$(vzdf -H -o hostname | xargs) $(vzlist -a -H -o hostname | xargs)"
equal "… nor in JSON" '[{"hostname":null}]' "$(vzdf -j -o hostname | tr -d ' \n')"
expect 0 vzdf -w -H -o iown 101
equal "a walk counts files" "2" "$(tr -d ' ' <<<"$out")"
layer=11111111-1111-1111-1111-111111111111
mkdir -p "$VZ_SYSROOT/var/lib/vz/private/.layers/$layer/upper/etc"
echo "$layer 0 0 65536" >"$VZ_SYSROOT/var/lib/vz/private/101/layers"
equal "and those that it shares with its clones" "5" "$(vzdf -w -H -o iown 101 | tr -d ' ')"
equal "ids come from standard input" "101" "$(printf '101\0' | vzdf -H -0 -o ctid - | tr -d ' ')"
equal "a list that was cut is refused" "" "$(printf '101' | vzdf -H -0 -o ctid - 2>/dev/null)"

expect 1 vzdf -o ctid,bogus
equal "unknown column" "vzdf: Unknown field: bogus" "$err"
expect 21 vzdf nosuchname
expect 2 vzdf --bogus
equal "nothing on standard output for wrong usage" "" "$out"
rm -r "$VZ_SYSROOT/var/lib/vz/private/101"
expect 3 vzdf
rm "$VZ_SYSROOT/etc/vz/vz.conf"
expect 10 vzdf
finish
