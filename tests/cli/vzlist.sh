#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vzlist below a root of its own: the classic lines to the blank, what clients parse, JSON, exit codes, odd values.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"

export VZ_SYSROOT="$VZ_TMP/root"
conf="$VZ_SYSROOT/etc/vz/conf"
json='{"name": "vm 1", "by": "nova  x"}'
header='      CTID      NPROC STATUS    IP_ADDR         HOSTNAME'

mkdir -p "$conf" "$VZ_SYSROOT/var/lib/vz/dump"

expect 10 vzlist -a
: >"$VZ_SYSROOT/etc/vz/vz.conf"

# ---- Nothing to list
expect 1 vzlist -a
equal "37: no container: nothing on standard output" "" "$out"
equal "37: no container: the classic words" "Container(s) not found" "$err"
expect 1 vzlist -a -j
equal "37: no container: an empty JSON array" "[]" "$out"

cat >"$conf/101.conf" <<'CONF'
# UUID: 5c0c
HOSTNAME="web.example"
IP_ADDRESS="10.0.0.1 2001:db8::1"
NAME="my box"
DESCRIPTION="{\"name\": \"vm 1\", \"by\": \"nova  x\"}"
OSTEMPLATE="debian-13-x86_64-minimal"
NUMPROC="240:260"
PHYSPAGES="0:256M"
KMEMSIZE="1000:unlimited"
DISKSPACE="2G:3145728"
DISKINODES="10:20"
CPUUNITS="1000"
CPULIMIT="50"
ONBOOT="yes"
BOOTORDER="7"
VE_LAYOUT="simfs"
FEATURES="nfs:on sit:off"
CONF
printf 'HOSTNAME="mail.example"\nNAME="mail"\nONBOOT="no"\nDISABLED="yes"\nBOOTORDER="30"\n' >"$conf/102.conf"
: >"$conf/1005.conf"
cp "$conf/102.conf" "$conf/0103.conf" # not a container's name
cp "$conf/102.conf" "$conf/0.conf"
cp "$conf/102.conf" "$conf/102.conf.destroyed"

# ---- Classic lines
expect 0 vzlist -a
equal "36: the default table" "$header
       101          - stopped   10.0.0.1        web.example
       102          - stopped   -               mail.example
      1005          - stopped   -               -" "$out"
equal "36: nothing on standard error" "" "$err"
expect 1 vzlist
equal "37: none runs" "Container(s) not found" "$err"
expect 0 vzlist -S -H
check "36: -S lists what does not run" test "$(wc -l <<<"$out")" -eq 3
expect 0 vzlist -n -a
equal "36: -n shows names" " SMARTNAME      NPROC STATUS    IP_ADDR         HOSTNAME
    my box          - stopped   10.0.0.1        web.example
      mail          - stopped   -               mail.example
      1005          - stopped   -               -" "$out"
expect 0 vzlist -a1
equal "36: -1 is ids" "       101
       102
      1005" "$out"

# ---- What clients parse
expect 0 vzlist -a -ovpsid,status -H
equal "36: libvirt: id, one blank, status" "101 stopped 102 stopped 1005 stopped" "$(xargs <<<"$out")"
check "36: libvirt: one blank between" grep -qE '^ *101 stopped$' <<<"$out"
expect 0 vzlist --no-header --all --output ctid,status,description 101
equal "nova: a description with blanks is whole" "       101 stopped   $json" "$out"
expect 0 vzlist --no-header --all --output ctid,status,description --description '*"vm 1"*'
equal "nova: by description" "       101 stopped   $json" "$out"
expect 0 vzlist -H -a -o ctid,ip
equal "addresses in the last column are all there" "       101 10.0.0.1 2001:db8::1" "$(head -n 1 <<<"$out")"
expect 0 vzlist -t -H -o ip,ctid 101
equal "-t: all addresses" "10.0.0.1 2001:db8::1        101" "$out"
expect 0 vzlist -H -o description,ctid 101
equal "a long text is cut to its column" "${json:0:32}        101" "$out"
expect 0 vzlist -tH -o description,ctid 101
equal "-t: the whole text" "$json        101" "$out"

# ---- Ids
expect 0 vzlist -1 102 101 101 "my box"
equal "ids and names, each once, by id" "101 102" "$(xargs <<<"$out")"
equal "ids from standard input" "101 1005" "$(echo 1005 101 | vzlist -1 - | xargs)"
equal "ids end in NUL both ways" "102,1005," "$(printf '1005\0mail\0' | vzlist -1 -0 - | tr '\0' ,)"
printf '101' | vzlist -1 -0 - >/dev/null 2>"$VZ_TMP/err"
equal "a list that was cut is refused" "2" "$?"
expect 3 vzlist -1 101 999
equal "the ones that exist are listed" "101" "$(xargs <<<"$out")"
equal "the others are named" "vzlist: CT 999: Container config file does not exist" "$err"
expect 1 vzlist 999
equal "none of them" "Container(s) not found" "$err"
expect 1 vzlist nosuch
equal "no such name" "CT ID nosuch is invalid" "$err"
expect 1 vzlist 0
expect 1 vzlist -S -N 'x*'

# ---- Filters and order
expect 0 vzlist -a1 -h '*.example'
equal "by host name" "101 102" "$(xargs <<<"$out")"
expect 0 vzlist -a1 -N 'm?il'
equal "by name" "102" "$(xargs <<<"$out")"
expect 0 vzlist -a1 -s -bootorder
equal "by numbers, downwards; unset ones last" "102 101 1005" "$(xargs <<<"$out")"
expect 0 vzlist -a1 --sort=hostname
equal "by texts; unset ones first" "1005 102 101" "$(xargs <<<"$out")"
expect 0 vzlist -a1 -s -ctid
equal "ids downwards" "1005 102 101" "$(xargs <<<"$out")"
expect 1 vzlist -a -s bogus
equal "unknown sort field" "Invalid sort field name: bogus" "$err"

# ---- Fields
expect 1 vzlist -a -o ctid,bogus
equal "37: unknown field" "Unknown field: bogus" "$err"
equal "nothing else" "" "$out"
expect 0 vzlist -H -o numproc.b,numproc.l,physpages.l,kmemsize.l,diskspace.s,diskspace.h,diskinodes.h,cpulimit 101
equal "limits in their units" "240 260 65536 9223372036854775807 2097152 3145728 20 50" "$(xargs <<<"$out")"
expect 0 vzlist -H -o onboot,disabled,vswap,layout,features,uptime,laverage,numproc.f 101
equal "states" "yes no yes dir nfs - - -" "$(xargs <<<"$out")"
expect 0 vzlist -H -o onboot,disabled,vswap,bootorder,cpus 1005
equal "defaults" "- no no - -" "$(xargs <<<"$out")"
expect 0 vzlist -L
check "-L names every field" grep -qE '^numproc.m +NPROC.M' <<<"$out"
every=$(cut -d ' ' -f 1 <<<"$out" | paste -sd ,)
expect 0 vzlist -a -t -o "$every"
check "every field can be printed" test "$(wc -l <<<"$out")" -eq 4

# ---- JSON
if command -v python3 >/dev/null; then
    jq() { python3 -c 'import json,sys; all=json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }
    expect 0 vzlist -a -j
    equal "37: three objects" 3 "$(jq 'len(all)' <<<"$out")"
    equal "numbers and texts" "(101, 'stopped', 'my box')" \
        "$(jq '(all[0]["veid"], all[0]["status"], all[0]["name"])' <<<"$out")"
    equal "lists are arrays" "(['10.0.0.1', '2001:db8::1'], [])" "$(jq '(all[0]["ip"], all[1]["ip"])' <<<"$out")"
    equal "resources are objects of numbers" "{'held': 0, 'maxheld': 0, 'barrier': 240, 'limit': 260, 'failcnt': 0}" \
        "$(jq 'all[0]["numproc"]' <<<"$out")"
    equal "disk limits" "{'usage': None, 'softlimit': 2097152, 'hardlimit': 3145728}" \
        "$(jq 'all[0]["diskspace"]' <<<"$out")"
    equal "yes, no and not set" "[True, False, None]" "$(jq '[ct["onboot"] for ct in all]' <<<"$out")"
    equal "description as it is" "$json" "$(jq 'all[0]["description"]' <<<"$out")"
    equal "no part of a field" "[]" "$(jq '[key for key in all[0] if "." in key]' <<<"$out")"
    expect 0 vzlist -j -o ctid,name 102
    equal "chosen fields only" "[{'ctid': 102, 'name': 'mail'}]" "$(jq all <<<"$out")"
fi
expect 1 vzlist -a -j -o ctid,numproc.m
check "JSON refuses a part of a field" grep -q "^Field numproc.m is not available in JSON" <<<"$err"

# ---- States that the host tells
touch "$VZ_SYSROOT/var/lib/vz/dump/Dump.102"
expect 0 vzlist -H -o status 102
equal "a dump waits" "suspended" "$out"
mkdir -p "$VZ_SYSROOT/run/vz/ct/101"
echo '{"init": 1, "start_ticks": 1, "groups": {}}' >"$VZ_SYSROOT/run/vz/ct/101/runtime.json"
expect 0 vzlist -H -o status 101
equal "a stale record is not a running container" "stopped" "$out"
start=$(sed 's/.*) //' "/proc/$$/stat" | cut -d ' ' -f 20)
echo "{\"init\": $$, \"start_ticks\": $start, \"groups\": {\"\": \"$VZ_TMP/group\"}}" >"$VZ_SYSROOT/run/vz/ct/101/runtime.json"
mkdir "$VZ_TMP/group"
echo 17 >"$VZ_TMP/group/pids.current"
echo 40960000 >"$VZ_TMP/group/memory.current"
printf 'low 1\nmax 900\noom 3\n' >"$VZ_TMP/group/memory.events"
expect 0 vzlist
equal "what runs, with what it holds" "$header
       101         17 running   10.0.0.1        web.example" "$out"
expect 0 vzlist -H -o physpages,physpages.m,physpages.f,numfile
equal "counters of the kernel, and what was seen where it keeps no maximum" "10000 10000 3 -" "$(xargs <<<"$out")"
expect 0 vzlist -H -o uptime
check "the time since its init began" grep -qE '^000d00h:[0-9]{2}m:[0-9]{2}s$' <<<"$out"
expect 0 vzlist -a1 -s status
equal "by state: the running one first" "101 1005 102" "$(xargs <<<"$out")"
rm "$conf/101.conf"
expect 0 vzlist -H
equal "one that runs is listed without its configuration" "       101         17 running   -               -" "$out"

# ---- Broken and hostile configurations
rm -r "$VZ_SYSROOT/run/vz/ct/101"
printf 'HOSTNAME="x\n' >"$conf/103.conf"
head -c 3000 /dev/zero >"$conf/104.conf"
mkfifo "$conf/106.conf"
ln -s 107.conf "$conf/107.conf"
printf 'NAME=a\nNAME=b\n' >"$conf/108.conf"
{ printf 'DESCRIPTION="'; head -c 65536 /dev/zero | tr '\0' y; printf '"\nHOSTNAME="\xff\xc2\x9b31m\xe2\x80\xae"\nCPUUNITS="many"\nPHYSPAGES="a:b:c"\n'; } >"$conf/109.conf"
expect 0 vzlist -aH
equal "the broken ones are listed too" "102 103 104 106 107 108 109 1005" "$(awk '{ print $1 }' <<<"$out" | xargs)"
equal "a warning for each" 5 "$(grep -c '^vzlist: warning: CT 10[3-8]: ' <<<"$err")"
check_not "nothing that a terminal would obey" grep -qP '[^ -~\n]' <<<"$out"
expect 0 vzlist -aHt -o description,ctid
equal "a long value is whole" 65536 "$(grep -o 'y*' <<<"$out" | head -n 1 | tr -d '\n' | wc -c)"
expect 0 vzlist -Ho cpuunits,physpages.l,vswap 109
equal "values that are no numbers are missing" "- - no" "$(xargs <<<"$out")"
expect 0 vzlist -aj
check "JSON is valid UTF-8" iconv -f UTF-8 -t UTF-8 -o /dev/null "$VZ_TMP/out"

expect 2 vzlist --bogus
equal "nothing on standard output for wrong usage" "" "$out"
finish
