#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # out and err are set by expect
# vzubc below a root of its own: the lines of /proc/user_beancounters, JSON, exit codes.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"

export VZ_SYSROOT="$VZ_TMP/root"
expect 10 vzubc
mkdir -p "$VZ_SYSROOT/etc/vz/conf" "$VZ_SYSROOT/etc/vz/names"
: >"$VZ_SYSROOT/etc/vz/vz.conf"
printf 'NUMPROC="240:250"\nPHYSPAGES="0:256M"\nKMEMSIZE="bad"\n' >"$VZ_SYSROOT/etc/vz/conf/101.conf"
printf 'NAME="web"\n' >"$VZ_SYSROOT/etc/vz/conf/102.conf"

header="Version: 2.5
       uid  resource                     held              maxheld              barrier                limit              failcnt"
expect 0 vzubc
equal "nothing runs: the head alone" "$header" "$out"
expect 0 vzubc 101
equal "the head" "$header" "$(head -n 2 <<<"$out")"
equal "all resources, in the classic order" "kmemsize lockedpages privvmpages shmpages numproc physpages vmguarpages oomguarpages \
numtcpsock numflock numpty numsiginfo tcpsndbuf tcprcvbuf othersockbuf dgramrcvbuf numothersock dcachesize numfile \
numiptent swappages" "$(awk 'NR == 3 { print $2 } NR > 3 { print $1 }' <<<"$out" | xargs)"
equal "the first line names the container" \
    "       101:  kmemsize                        -                    -  9223372036854775807  9223372036854775807                    -" \
    "$(sed -n 3p <<<"$out")"
equal "what is configured" "numproc - - 240 250 -" "$(grep numproc <<<"$out" | xargs)"
equal "memory in pages" "physpages - - 0 65536 -" "$(grep physpages <<<"$out" | xargs)"
expect 0 vzubc --failed 101
equal "nothing was refused" "$header" "$out"

json() { python3 -c "import json, sys; d = json.load(sys.stdin); print($1)"; }
expect 0 vzubc -j 101 web
equal "JSON: containers" "[101, 102]" "$(json '[c["ctid"] for c in d]' <<<"$out")"
equal "JSON: no counter is null" "{'held': None, 'maxheld': None, 'barrier': 240, 'limit': 250, 'failcnt': None}" \
    "$(json 'd[0]["resources"]["numproc"]' <<<"$out")"
expect 0 vzubc -j
equal "JSON: nothing" "[]" "$out"
equal "ids from standard input" "101: 102:" "$(printf '102 101\n' | vzubc - | grep -o '[0-9]*:' | tail -n 2 | xargs)"
expect 3 vzubc 101 999
equal "who is missing" "vzubc: CT 999: Container config file does not exist" "$err"
expect 21 vzubc nobody
expect 2 vzubc --bogus
finish
