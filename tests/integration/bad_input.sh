#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Bad input: the documented exit status, one clear line on standard error, and nothing changed on the host.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"
need_programs zstd tar setpriv strace
sandbox "$0" "$@"

# What of the host commands may change, with contents; the log may grow, and digests of archives may be remembered.
state() {
    (cd / && find etc/vz var/lib/vz ! -name '.*.stamp' ! -path '*/template/tree/.lock-*' ! -path '*/work/index/*' \
        -printf '%p %y %m %U:%G %l\n' | sort &&
        find etc/vz var/lib/vz/private var/lib/vz/pending -type f -size -1M -readable -exec sha256sum {} + 2>/dev/null | sort)
    awk '$5 ~ "^/var/lib/vz/.|^/run/vz/." { print $5 }' /proc/self/mountinfo
    ls /run/vz/lock 2>/dev/null
}

# The command exits so, says something of one short line of plain text that matches, and changes nothing.
refused() { # STATUS[|STATUS] PATTERN COMMAND…
    local wanted=$1 pattern=$2 before status command shown
    shift 2
    command="$*"
    shown=$(tr -c '[:print:]' '?' <<<"${command:0:100}")
    before=$(state)
    timeout -k 5 30 "$@" >"$VZ_TMP/out" 2>"$VZ_TMP/err" </dev/null
    status=$?
    err=$(cat "$VZ_TMP/err")
    if [[ "|$wanted|" != *"|$status|"* ]]; then
        fail "$shown exits $wanted, got $status: ${err:0:300}"
    elif ! grep -qi -e "$pattern" <<<"$err"; then
        fail "$shown says $pattern, not: ${err:0:300}"
    elif [ "$(grep -vc '^Warning\|^WARNING' "$VZ_TMP/err")" -gt 1 ]; then
        fail "$shown says more than one line: ${err:0:400}"
    elif LC_ALL=C grep -q '[^[:print:][:space:]]' "$VZ_TMP/err" || [ "${#err}" -gt 1500 ]; then
        fail "$shown prints control characters or very much"
    elif [ "$(state)" != "$before" ]; then
        fail "$shown changes nothing"
        diff <(echo "$before") <(state) | grep '^[<>]' | head -5 | sed 's/^/    /' >&2
    else
        pass "$shown: $wanted, ${err:0:100}"
    fi
}

tiny_template tiny
new=(vzctl create 101 --ostemplate tiny)
expect 0 vzctl create 200 --ostemplate tiny --name taken --ipadd 10.10.0.200
expect 0 vzctl destroy 200
expect 0 vzctl create 200 --ostemplate tiny --name taken --ipadd 10.10.0.200
expect 0 vzctl mount 200 # makes its folders
expect 0 vzctl umount 200

# ---- container ids, names, addresses, options -------------------------------------------------------------------
for id in 1 50 100; do refused 21 reserved vzctl create "$id" --ostemplate tiny; done
for id in 2147483645 99999999999999999999 abc -1 1e3 0101 "" " " ../101 "101 " $'101\n'; do
    case $id in
    -1) refused 21 . vzctl create "$id" --ostemplate tiny ;;
    *) refused 21 "Bad CT ID" vzctl create "$id" --ostemplate tiny ;;
    esac
done
refused 21 "" vzctl create 0 --ostemplate tiny
refused 21 "CT ID missing" vzctl create
refused 44 "already exists" vzctl create 200 --ostemplate tiny
refused 131 "" "${new[@]}" --name taken
for name in "a/b" "../x" $'a\nb' "12" "a;b" $'\x1b[31m' "." ".." "-x y/"; do refused 131 "" "${new[@]}" --name "$name"; done
refused 131 "" vzctl set 200 --name other
refused 91 "template" vzctl create 101 --ostemplate none
for name in ../tiny /tiny "" . $'ti\nny'; do refused 21 "" vzctl create 101 --ostemplate "$name"; done
refused 78 "in use by container 200" "${new[@]}" --ipadd 10.10.0.200
refused 78 "in use" "${new[@]}" --ipadd 198.51.100.2
for ip in 1.2.3 1.2.3.4.5 300.1.1.1 1.2.3.4/33 1.2.3.4/0 fe80::1%eth0 ::g 0.0.0.0 127.0.0.1 224.0.0.1 255.255.255.255 \
    "1.2.3.4;id" "" " " 0x7f000001; do
    refused 21 "" "${new[@]}" --ipadd "$ip"
    refused 21 "" vzctl set 200 --ipadd "$ip" --save
done
refused 82 "not found" "${new[@]}" --config nothing
refused 82 "" "${new[@]}" --config ../../passwd
refused 21 "layout" "${new[@]}" --layout floppy
refused 20 "" "${new[@]}" --no-such-option
refused 20 "Bad command" vzctl bogus 101
refused 14 "config file does not exist" vzctl start 999
refused 14 "config file does not exist" vzctl set 999 --ram 1G --save
refused 14 "config file does not exist" vzctl destroy 999
refused 31 "not running" vzctl exec 200 true
refused 40 "not mounted" vzctl umount 200
for option in --ram=x --ram=-1 --ram=0 --ram=99999999999999999999G --cpus=-1 --cpulimit=x --cpuunits=0 --numproc=-5 \
    --onboot=maybe --bootorder=x --swap=1Q --stop-timeout=x; do
    refused 21 "" vzctl set 200 "${option%%=*}" "${option#*=}" --save
done

# ---- strange texts ---------------------------------------------------------------------------------------------
big=$(head -c 100000 /dev/zero | tr '\0' x)
for text in $'a\nVE_ROOT="/"' $'a\tb' $'a\x1b]0;x\x07' $'a\x7f' $'a\rb' "$big"; do
    for option in hostname name nameserver searchdomain; do
        code=21
        [ "$option" != name ] || code=131
        refused "$code" "" vzctl set 200 "--$option" "$text" --save
    done
done
refused 21 "" vzctl set 200 --description $'a\nb' --save
for text in $'bad\xff\xfeutf' 'a b' '$(id)' '`id`' 'a"b' '-x' 'x..y' "$(printf '%065d' 0)"; do
    refused 21 "" vzctl set 200 --hostname "$text" --save
done
# shellcheck disable=SC1003 # the backslash ends the text
for text in 'tab"quo$te`s\' 'it'"'"'s # no comment' $'d\xc3\xa9j\xc3\xa0'; do
    expect 0 vzctl set 200 --description "$text" --save
    equal "a description survives quoting" "$text" "$(bash -c '. /etc/vz/conf/200.conf && echo "$DESCRIPTION"')"
done
for text in "root" ":x" "root:" "ro ot:x" "../x:y" "-x:y"; do refused 21 "" vzctl set 200 --userpasswd "$text"; done
for text in $'root:a\nroot2:b' $'root:a\x01' "root:$big"; do refused "21|74" "password\|userpasswd\|control" vzctl set 200 --userpasswd "$text"; done

# ---- archives --------------------------------------------------------------------------------------------------
tree=$VZ_TMP/tree
tiny_tree "$tree"
cache=/var/lib/vz/template/cache
plain=$VZ_TMP/plain.tar
tar --numeric-owner -C "$tree" -cf "$plain" .
bad_archive() { # NAME WHAT: a container of either layout is refused
    local layout
    for layout in overlay dir; do
        refused 47 "" vzctl create 101 --ostemplate "$1" --layout "$layout"
    done
    if command -v vztemplate >/dev/null; then
        cp "$cache/$1".tar* "$VZ_TMP/import.tar"
        refused 47 "" vztemplate import "$VZ_TMP/import.tar" --name "imported-$1"
    fi
}
member() { # NAME: an archive of the tree with one more member made by the tar options that follow
    local name=$1
    shift
    cp "$plain" "$cache/$name.tar"
    tar --numeric-owner -rf "$cache/$name.tar" "$@" 2>/dev/null
}
zstd -q <"$plain" | head -c 100000 >"$cache/truncated.tar.zst"
bad_archive truncated
zstd -q <"$plain" >"$cache/corrupt.tar.zst"
printf 'XXXX' | dd of="$cache/corrupt.tar.zst" bs=1 seek=60000 conv=notrunc status=none
bad_archive corrupt
head -c 50000 "$plain" >"$cache/cut.tar"
bad_archive cut
: >"$cache/empty.tar"
bad_archive empty
head -c 100000 /dev/urandom >"$cache/noise.tar.gz"
bad_archive noise
head -c 20000000 /dev/zero | zstd -q >"$cache/zeros.tar.zst"
bad_archive zeros

mkdir -p "$VZ_TMP/members"
cd "$VZ_TMP/members" || exit 1
echo evil >evil
ln -s / rootlink
ln -s /etc etclink
member dots -P --transform 's,^,../../../../../../var/tmp/,' evil
bad_archive dots
member absolute -P --transform 's,^,/var/tmp/,' evil
member hardlink -P evil
ln evil evil2
cp "$plain" "$cache/hardlink.tar"
tar -rf "$cache/hardlink.tar" -P --transform 's,^evil$,/etc/passwd,;s,^evil2$,etc/stolen,' evil evil2
bad_archive hardlink
# A folder, then a link of the same name: what comes later would go through the link.
cp "$plain" "$cache/double.tar"
tar -rf "$cache/double.tar" --transform 's,^etclink,./etc,S' etclink
bad_archive double
cp "$plain" "$cache/through.tar"
tar -rf "$cache/through.tar" rootlink
tar -rf "$cache/through.tar" --transform 's,^evil,rootlink/var/tmp/evil,' evil
bad_archive through
# No init, no shell.
tar --numeric-owner -C "$tree" --exclude=./sbin/init -cf "$cache/noinit.tar" .
bad_archive noinit
tar --numeric-owner -C "$tree" --exclude=./bin/sh -cf "$cache/noshell.tar" .
bad_archive noshell
cd / || exit 1

# Device nodes and absolute names: either refused, or harmless and inside.
mkdir -p "$VZ_TMP/nodes/dev"
mknod "$VZ_TMP/nodes/dev/disk" b 8 0
cp "$plain" "$cache/nodes.tar"
tar -rf "$cache/nodes.tar" -C "$VZ_TMP/nodes" dev/disk
for name in nodes absolute; do
    for layout in overlay dir; do
        timeout 30 vzctl create 101 --ostemplate "$name" --layout "$layout" >/dev/null 2>"$VZ_TMP/err" </dev/null
        status=$?
        if [ "$status" -eq 0 ]; then
            equal "$name, $layout: no device node on disk" "" "$(find /var/lib/vz/private/101 -type b)"
            expect 0 vzctl destroy 101
        else
            equal "$name, $layout: refused" 47 "$status"
        fi
    done
done
equal "nothing was written outside" "" "$(ls /var/tmp/evil /var/tmp/evil2 /evil 2>/dev/null)"
mkdir "$cache/folder.tar.zst"
refused 47 "" vzctl create 101 --ostemplate folder
mkfifo "$cache/fifo.tar.zst"
refused 47 "" vzctl create 101 --ostemplate fifo
ln -s loop.tar.zst "$cache/loop.tar.zst"
refused 91 "" vzctl create 101 --ostemplate loop

# ---- a broken configuration of one container ----------------------------------------------------------------------
conf=/etc/vz/conf/200.conf
cp "$conf" "$VZ_TMP/good.conf"
verbs_refuse() { # STATUS WHAT
    local verb
    equal "$2: status answers" "CTID 200" "$(timeout 5 vzctl status 200 | cut -d' ' -f1-2)"
    for verb in start stop restart mount umount destroy "exec true" enter "set --ram 1G --save"; do
        # shellcheck disable=SC2086
        set -- "$1" "$2" $verb
        refused "$1" "" vzctl "$3" 200 "${@:4}"
        set -- "$1" "$2"
    done
    expect 0 vzctl create 102 --ostemplate tiny
    check_not "$2: its ids are not given away" grep -q "$(grep LOCAL_UID "$VZ_TMP/good.conf")" /etc/vz/conf/102.conf
    expect 0 vzctl destroy 102
    rm -rf "$conf"
    cp "$VZ_TMP/good.conf" "$conf"
}
printf 'HOSTNAME="other"\nHOSTNAME="third"\n' >>"$conf"
verbs_refuse 85 "a key twice"
echo 'DESCRIPTION="open' >>"$conf"
verbs_refuse 85 "unbalanced quotes"
head -c 5000 /dev/urandom >"$conf"
verbs_refuse 85 "binary"
echo 'rm -rf /' >>"$conf"
verbs_refuse 85 "a command"
head -c 20000000 /dev/zero | tr '\0' '#' >"$conf"
verbs_refuse 85 "20 MB"
rm "$conf" && mkdir "$conf"
verbs_refuse 85 "a folder"
rm -r "$conf" && mkfifo "$conf"
verbs_refuse 85 "a FIFO"
rm "$conf" && ln -s 200.conf "$conf"
verbs_refuse "14|85" "a link to itself"
rm "$conf" && ln -s /dev/zero "$conf"
verbs_refuse 85 "an endless device"
: >"$conf"
equal "empty: status answers" "CTID 200 exist unmounted down" "$(vzctl status 200)"
refused 85 "LOCAL_UID" vzctl start 200
cp "$VZ_TMP/good.conf" "$conf"
for line in 'VE_ROOT="relative"' 'VE_PRIVATE=""' 'VE_PRIVATE="/"' 'VE_PRIVATE="/etc/vz/conf"' 'VE_PRIVATE="/var/lib/vz/private"' 'VE_PRIVATE="/var/lib"' 'VE_PRIVATE="/srv/../etc"' 'VE_ROOT="/"' 'VE_ROOT="/etc"' 'LOCAL_UID="0"' 'LOCAL_UID="x"' \
    'VE_TEMPLATE="../../x"' 'VE_UUID="../x"'; do
    sed "/^${line%%=*}=/d" "$VZ_TMP/good.conf" >"$conf"
    echo "$line" >>"$conf"
    case $line in
    *relative* | *PRIVATE=* | *ROOT=*) verbs=(start mount umount destroy) ;;
    *) verbs=(start) ;;
    esac
    for verb in "${verbs[@]}"; do refused "53|85|91" "" vzctl "$verb" 200; done
done
check "the host's folders are as they were" [ -d /etc/vz/conf ]
cp "$VZ_TMP/good.conf" "$conf"

# ---- the host ----------------------------------------------------------------------------------------------------
mv /etc/vz/vz.conf "$VZ_TMP/vz.conf"
for verb in start stop status create destroy set mount "exec x"; do
    # shellcheck disable=SC2086
    refused 10 "vz.conf" vzctl ${verb%% *} 200
done
head -c 1000 /dev/urandom >/etc/vz/vz.conf
refused 85 "vz.conf" vzctl start 200
echo 'VE_ROOT="open' >/etc/vz/vz.conf
refused 85 "vz.conf" vzctl start 200
rm /etc/vz/vz.conf && mkfifo /etc/vz/vz.conf
refused 85 "vz.conf" vzctl start 200
rm /etc/vz/vz.conf
cp "$VZ_TMP/vz.conf" /etc/vz/

nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
for verb in "create 101 --ostemplate tiny" "start 200" "stop 200" "set 200 --ram 1G --save" "destroy 200" "exec 200 true" \
    "enter 200" "mount 200"; do
    # shellcheck disable=SC2086
    refused 12 "root" "${nobody[@]}" "$(command -v vzctl)" $verb
done
check_not "ordinary users cannot look into private areas" "${nobody[@]}" ls /var/lib/vz/private/200
check_not "nor into the trees" "${nobody[@]}" ls /var/lib/vz/template/tree

# A kernel that refuses what containers need: a clear end, and everything cleaned.
for call in unshare:EPERM unshare:ENOSPC mount_setattr:EINVAL mount_setattr:EPERM fsopen:ENODEV move_mount:EPERM fsconfig:EINVAL; do
    before=$(state)
    { timeout 60 strace -f -o "$VZ_TMP/trace" -e trace="${call%:*}" -e inject="${call%:*}:error=${call#*:}" \
        vzctl start 200 >"$VZ_TMP/out" 2>"$VZ_TMP/err" </dev/null; } 2>/dev/null
    status=$?
    check_not "$call: start fails ($status)" [ "$status" -eq 0 ]
    check "$call: and says why: $(head -c 100 "$VZ_TMP/err")" [ -s "$VZ_TMP/err" ]
    equal "$call: and leaves nothing" "$before" "$(state)"
done
expect 0 vzctl start 200
expect 0 vzctl stop 200

# ---- full and broken disks -----------------------------------------------------------------------------------------
image=$VZ_TMP/small
head -c 30000000 /dev/zero >"$tree/zeros" # small as an archive, and then too big
tiny_pack "$tree" fat
mkdir -p "$image"
mount -t tmpfs -o size=9m tmpfs "$image"
cp -a /var/lib/vz/private "$image/private.old"
mount --bind "$image" /var/lib/vz/private
fill() { dd if=/dev/zero of="$1/full" bs=64k status=none 2>/dev/null; dd if=/dev/zero of="$1/full2" bs=1 status=none 2>/dev/null; }
refused 46 "space\|free" vzctl create 101 --ostemplate fat --layout dir
fill "$image"
refused 46 "space" "${new[@]}" --layout dir
refused 46 "space" "${new[@]}" --layout overlay
umount /var/lib/vz/private
umount "$image"

mount -t tmpfs -o size=1m tmpfs "$image"
cp -a /etc/vz/. "$image/"
mount --bind "$image" /etc/vz
fill "$image"
refused 139 "space" vzctl set 200 --description "$(head -c 20000 /dev/zero | tr '\0' x)" --save
refused "46|139" "space" "${new[@]}"
umount /etc/vz
umount "$image"

# Each call of "set --save" and "create" that writes fails in turn: never a success that lost something.
. "$VZ_SOURCE_DIR/tests/lib/chaos.sh"
after=
broken() { # COMMAND…: $after is called with the status
    local call n count=0
    traced -e trace="$chaos_files" -- "$@"
    points "${chaos_files/,wait4/}" >"$VZ_TMP/points"
    "$after" 0
    while read -r call n; do
        case $call in rename* | link* | symlink* | write | pwrite64 | fsync | ftruncate | openat | mkdir* | fchmod | chown) ;; *) continue ;; esac
        where="$1 $2 with EIO at $call $n"
        traced -e trace="$call" -e inject="$call:error=EIO:when=$n" -- "$@"
        "$after" $?
        count=$((count + 1))
    done <"$VZ_TMP/points"
    check "$1 $2: $count calls failed" [ "$count" -gt 5 ]
}
after_broken_set() {
    local conf_now
    conf_now=$(cat "$conf")
    if [ "$1" -eq 0 ]; then
        grep -q 'HOSTNAME="new"' "$conf" || fail "$where: success, but it is not saved"
    elif [ "$conf_now" != "$(cat "$VZ_TMP/good.conf")" ]; then
        grep -q 'HOSTNAME="new"' "$conf" || fail "$where: neither old nor new"
    fi
    [ "$1" -eq 0 ] || [ -s "$VZ_TMP/err" ] || fail "$where: $1 without a word"
    cp "$VZ_TMP/good.conf" "$conf"
}
after_broken_create() {
    if [ "$1" -eq 0 ]; then
        quietly 0 vzctl mount 101
        quietly 0 vzctl umount 101
        quietly 0 vzctl destroy 101
    else
        [ -s "$VZ_TMP/err" ] || fail "$where: $1 without a word"
        quietly 0 "${new[@]}"
        quietly 0 vzctl destroy 101
    fi
    [ "$(state | grep -v conf.destroyed)" = "$before" ] || fail "$where: something is left behind"
}
after=after_broken_set broken vzctl set 200 --hostname new --save
expect 0 "${new[@]}"
expect 0 vzctl destroy 101
before=$(state | grep -v conf.destroyed)
after=after_broken_create broken "${new[@]}" --layout dir
after=after_broken_create broken "${new[@]}"
finish
