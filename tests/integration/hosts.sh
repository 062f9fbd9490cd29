#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The names of all containers: in the host's hosts file and in the containers', for dnsmasq and name servers, on another
# host; only what is ours changes, doing it again changes nothing, hostile files and names harm nobody, and a kill leaves
# the old file or the new one.
# shellcheck disable=SC2154 # out and err: of harness.sh
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"
. "$VZ_SOURCE_DIR/tests/lib/chaos.sh"
need_programs dnsmasq named-checkzone rsync strace python3
sandbox "$0" "$@"

tiny_template tiny
expect 0 vzctl create 101 --ostemplate tiny --hostname web --ipadd 10.0.0.101 --ipadd 2001:db8::101
expect 0 vzctl create 102 --ostemplate tiny --hostname db.example.net --ipadd 10.0.0.102
expect 0 vzctl create 103 --ostemplate tiny --hostname bridged
expect 0 vzctl create 104 --ostemplate tiny --hostname lonely
cat >>/etc/vz/conf/103.conf <<<'NETIF="ifname=eth0,bridge=br0,ip=10.50.0.103/24"'
expect 0 vzctl start 101

readonly file=$VZ_TMP/hosts
readonly all="10.0.0.101	web
2001:db8::101	web
10.0.0.102	db.example.net db
10.50.0.103	bridged"
block() { sed -n '/^# vzhosts: begin/,/^# vzhosts: end/p' "$1" | grep -v '^#'; }
foreign() { sed '/^# vzhosts: begin/,/^# vzhosts: end/d' "$1"; }


# ---- the list -----------------------------------------------------------------------------------------------------
expect 0 vzhosts
equal "the list: routed and bridged, running or not" "$all" "$out"
expect 0 vzhosts --domain example.org
check "a domain for names without one" grep -q '^10.0.0.101	web.example.org web$' <<<"$out"
check "… only for those" grep -q '^10.0.0.102	db.example.net db$' <<<"$out"
expect 0 vzhosts --json
check "JSON" python3 -c 'import json,sys; d=json.load(sys.stdin); assert [c["ctid"] for c in d]==[101,102,103] and d[0]["ip"]==["10.0.0.101","2001:db8::101"]' <<<"$out"

# ---- the host's hosts file: only what is ours ---------------------------------------------------------------------
printf '127.0.0.1\tlocalhost\n10.0.0.101\tmine # of the administrator\n\tno newline at the end' >"$file"
chmod 640 "$file"
chown 12:34 "$file"
before=$(cat "$file")
expect 1 vzhosts --update "$file" --check
equal "--check names the file" "$file" "$out"
equal "--check changes nothing" "$before" "$(cat "$file")"
expect 0 vzhosts --update "$file"
equal "a file that changed is named" "$file" "$out"
equal "our lines" "$all" "$(block "$file")"
equal "the others stay" "$before" "$(foreign "$file")"
equal "mode and owner stay" "640 12:34" "$(stat -c '%a %u:%g' "$file")"
inode=$(stat -c %i "$file")
equal "the history has it" "vzhosts --update $file" "$(vzhistory -H -o what -n 1)"
records=$(wc -l </var/log/vz/history.jsonl)
expect 0 vzhosts --update "$file"
equal "again: nothing is named" "" "$out"
equal "… nor kept in the history" "$records" "$(wc -l </var/log/vz/history.jsonl)"
equal "again: the very same file" "$inode" "$(stat -c %i "$file")"
expect 0 vzhosts --update "$file" --check
sed -i 's/^10.0.0.102.*/10.6.6.6 bank.example/' "$file"
echo "10.9.9.9 later" >>"$file"
expect 0 vzhosts --update "$file"
equal "what others did to our lines goes" "$all" "$(block "$file")"
equal "what they wrote below stays" "10.9.9.9 later" "$(tail -n 1 "$file")"
expect 0 vzctl set 102 --hostname db2 --ipdel 10.0.0.102 --ipadd 10.0.0.122 --save
expect 0 vzhosts --update "$file"
check "a change of name and address" grep -q '^10.0.0.122	db2$' "$file"
check_not "… takes the old ones away" grep -q 10.0.0.102 "$file"
ln -s hosts "$VZ_TMP/one"
ln -s one "$VZ_TMP/link"
expect 0 vzctl set 102 --hostname db.example.net --ipdel all --ipadd 10.0.0.102 --save
expect 0 vzhosts --update "$VZ_TMP/link"
check "a link stays a link" test -L "$VZ_TMP/link"
equal "… and its file is up to date" "$all" "$(block "$file")"
expect 0 vzhosts --update "$VZ_TMP/absent"
equal "a file that was not there" "$all 644" "$(block "$VZ_TMP/absent") $(stat -c %a "$VZ_TMP/absent")"


# ---- files that are none ------------------------------------------------------------------------------------------
mkfifo "$VZ_TMP/fifo"
mkdir "$VZ_TMP/folder"
truncate -s 1G "$VZ_TMP/huge"
for bad in fifo folder huge absent/file; do
    expect 3 timeout 20 vzhosts --update "$VZ_TMP/$bad" --update "$file"
    check "$bad: the message names it" grep -q "$VZ_TMP/$bad" <<<"$err"
done
check "they are what they were" test -p "$VZ_TMP/fifo" -a -d "$VZ_TMP/folder" -a "$(stat -c %s "$VZ_TMP/huge")" -eq $((1 << 30))

# ---- inside the containers ----------------------------------------------------------------------------------------
running=/var/lib/vz/root/101/etc/hosts
resting=/var/lib/vz/private/102/upper/etc/hosts
expect 1 vzhosts --containers --check
equal "--check names all containers" "101 102 103 104" "$(xargs <<<"$out")"
check_not "… and changes nothing" grep -q vzhosts "$running"
expect 0 vzhosts --containers
equal "a running one knows the others" "$(grep -v web <<<"$all")" "$(block "$running")"
equal "one that rests, too" "$(grep -v 'db$' <<<"$all")" "$(block "$resting")"
check "what was there stays" grep -q '^127.0.0.1 localhost' "$running"
equal "the files belong to the container's root" "0:0 644" "$(timeout 10 vzctl exec2 101 "stat -c '%u:%g %a' /etc/hosts")"
equal "nothing stays mounted" "exist unmounted down" "$(vzctl status 102 | cut -d ' ' -f 3-)"
expect 0 vzhosts --containers
equal "again: nothing changes" "" "$out"
expect 0 vzctl set 101 --hostname www --ipdel all --ipadd 10.0.0.111 --save
check "vzctl set leaves our lines alone" grep -q '^10.50.0.103	bridged' "$running"
expect 0 vzhosts --containers
equal "the others learn of it" "102 103 104" "$(xargs <<<"$out")"
check "… by the new name" grep -q '^10.0.0.111	www$' "$resting"

# A container's root does what it likes; the host does nothing for it outside, and the others get their names.
echo "the host's" >"$VZ_TMP/target"
hostile() { # WHAT STATUS COMMAND: done to /etc/hosts of 101; the others change meanwhile
    timeout 10 vzctl exec2 101 "cd /etc && rm -rf hosts && $3" || fail "$1: prepare"
    number=$((${number:-20} + 1))
    vzctl --quiet set 104 --ipdel all --ipadd "10.0.0.$number" --save
    expect "$2" timeout 30 vzhosts --containers
    equal "$1: all others are up to date" "102 103" "$(grep -v 101 <<<"$out" | xargs)"
}
hostile "a FIFO" 3 "mkfifo hosts"
check "it says which container" grep -q '^vzhosts: CT 101: .*hosts: not a regular file' <<<"$err"
hostile "a huge file" 3 "truncate -s 1T hosts 2>/dev/null || dd if=/dev/zero of=hosts bs=1 count=1 seek=1T 2>/dev/null"
hostile "a folder" 3 "mkdir hosts"
hostile "a link to nowhere out" 0 "ln -s $VZ_TMP/target hosts"
equal "a link out of it changes nothing on the host" "the host's" "$(cat "$VZ_TMP/target")"
hostile "a loop of links" 3 "ln -s hosts hosts"
hostile "zeroes" 0 "dd if=/dev/zero of=hosts bs=1024 count=64 2>/dev/null"
hostile "nothing" 0 ":"
check "a file that was missing is made" grep -q '^10.0.0.102	db.example.net db$' "$running"

# Names as only an editor can write them.
cp /etc/vz/conf/10[34].conf "$VZ_TMP"
hostname_of() { # CTID TEXT
    cp "$VZ_TMP/$1.conf" "/etc/vz/conf/$1.conf"
    sed -i '/^HOSTNAME=/d' "/etc/vz/conf/$1.conf"
    printf 'HOSTNAME="%s"\n' "$2" >>"/etc/vz/conf/$1.conf"
}
for name in 'a b' '10.6.6.6' $'x\n10.6.6.6 bank' $'x\r10.6.6.6' '-x' 'a..b' '#' 'x;bank' $'\e[31m' "$(printf 'a%.0s' {1..300})"; do
    hostname_of 104 "$name"
    expect 0 vzhosts
    equal "no line of it ($(printf %q "${name:0:20}"))" "" "$(grep -e '10.0.0.2' -e 6.6 -e bank <<<"$out")"
    check "… but a warning" grep -q '^vzhosts: warning: .*104' <<<"$err"
    equal "… without control characters" "" "$(tr -d '\n' <<<"$err" | tr -cd '[:cntrl:]')"
done
hostname_of 104 Lonely
hostname_of 103 lonely
expect 0 vzhosts
check "a name that two have is told" grep -q 'the name Lonely belongs to the containers 103 and 104' <<<"$err"
hostname_of 103 bridged
printf 'IP_ADDRESS="10.0.0.300\n' >>/etc/vz/conf/104.conf
expect 0 vzhosts
hostname_of 104 lonely

# ---- other forms ----------------------------------------------------------------------------------------------------
expect 0 vzhosts -f dnsmasq -d example.org -u "$VZ_TMP/vz.conf"
check "dnsmasq takes it" dnsmasq --test --conf-file="$VZ_TMP/vz.conf" 2>/dev/null
check "one line for a container" grep -qx 'host-record=www.example.org,www,10.0.0.111' "$VZ_TMP/vz.conf"
expect 0 vzctl set 101 --ipadd 2001:db8::111 --save
expect 0 vzhosts -f dnsmasq -d example.org -u "$VZ_TMP/vz.conf"
equal "a change is named" "$VZ_TMP/vz.conf" "$out"
check "… and written" grep -qx 'host-record=www.example.org,www,10.0.0.111,2001:db8::111' "$VZ_TMP/vz.conf"

zone() { vzhosts -f zone -z "$1" -d example.org -u "$VZ_TMP/zone" "${@:2}"; }
serial() { named-checkzone "$1" "$VZ_TMP/zone" | sed -n 's/.*loaded serial //p'; }
for name in example.org 0.0.10.in-addr.arpa 8.b.d.0.1.0.0.2.ip6.arpa; do
    rm -f "$VZ_TMP/zone"
    expect 0 zone $name --name-server ns.example.com
    check "named takes the zone $name" named-checkzone -q "$name" "$VZ_TMP/zone"
done
expect 0 named-checkzone -D -q -o - 8.b.d.0.1.0.0.2.ip6.arpa "$VZ_TMP/zone"
check "an address of IPv6 has a name" grep -Eq '^1\.1\.1\.0\.0\.0.*\sPTR\s+www.example.org.$' <<<"$out"
rm "$VZ_TMP/zone"
expect 0 zone example.org --name-server ns.example.com
expect 0 named-checkzone -D -q -o - example.org "$VZ_TMP/zone"
check "a name has its address" grep -Eq '^www.example.org\.\s.*\sA\s+10.0.0.111$' <<<"$out"
check "… and the one of IPv6" grep -Eq '^www.example.org\.\s.*\sAAAA\s+2001:db8::111$' <<<"$out"
check_not "names of other domains are not in it" grep -q 10.0.0.102 <<<"$out"
first=$(serial example.org)
expect 0 zone example.org --name-server ns.example.com
equal "nothing new: the serial stays" "$first" "$(serial example.org)"
vzctl --quiet set 101 --ipadd 10.0.0.112 --save
expect 0 zone example.org --name-server ns.example.com
check "a change raises it" test "$(serial example.org)" -gt "$first"
cp "$file" "$VZ_TMP/zone"
expect 3 zone example.org
check "a file of others is not replaced" cmp -s "$file" "$VZ_TMP/zone"
expect 21 vzhosts -f zone -z 'a b'
expect 21 vzhosts -f zone -z $'x\n@ IN NS evil.'
expect 2 vzhosts -f zone
expect 2 vzhosts -f hosts5

# ---- to another host: a stand-in for ssh, which forgets the host's name -----------------------------------------
cat >"$VZ_TMP/rsh" <<'RSH'
#!/bin/sh
while [ "${1#-}" != "$1" ]; do shift; done
echo "$1" >>"$(dirname "$0")/asked"
[ "$1" != gone.example ] || { echo "gone.example: connection refused" >&2; exit 255; }
shift
exec sh -c "$*"
RSH
chmod 755 "$VZ_TMP/rsh"
push=(vzhosts --rsh "$VZ_TMP/rsh")
expect 0 vzhosts
list=$out
far="$VZ_TMP/folder/far \$(touch owned)"
cd "$VZ_TMP" || fail "cd"
expect 0 vzhosts --update near-hosts
equal "a path from here" near-hosts "$out"
expect 0 "${push[@]}" --push "other.example:$far" --push "$VZ_TMP/near"
equal "the other host was asked" other.example "$(cat "$VZ_TMP/asked")"
equal "it has the list" "$list" "$(cat "$far")"
equal "so has a path of this host" "$list" "$(cat "$VZ_TMP/near")"
check_not "no word of the path was run" test -e "$VZ_TMP/owned" -o -e "$VZ_TMP/folder/owned"
equal "everybody may read it" 644 "$(stat -c %a "$far")"
expect 3 "${push[@]}" --push gone.example:/x --push "$VZ_TMP/near2"
check "a host that is gone is told, with its words" grep -q 'gone.example:/x: .*connection refused' <<<"$err"
equal "the next one got it" "$list" "$(cat "$VZ_TMP/near2")"
for bad in relative host: :path -rf host:folder/ $'h:a\nb'; do expect 21 "${push[@]}" --push="$bad"; done
equal "no copy is left here" "" "$(find /run/vz -name "*push*")"

# ---- killed while writing -------------------------------------------------------------------------------------------
cp "$file" "$VZ_TMP/old"
expect 0 vzhosts --update "$file" --containers
cp "$file" "$VZ_TMP/new"
before_update() { cp "$VZ_TMP/old" "$file"; }
after_update() {
    cmp -s "$file" "$VZ_TMP/old" || cmp -s "$file" "$VZ_TMP/new" || fail "$where: neither old nor new"
    quietly 0 vzhosts --update "$file"
    check_quietly "the next one finishes it" cmp -s "$file" "$VZ_TMP/new"
    equal_quietly "nothing else is left" hosts "$(cd "$VZ_TMP" && echo hosts*)"
}
step_through update "$chaos_files,wait4" after_update vzhosts --update "$file"

guest_etc() { ls -A "/var/lib/vz/private/102/upper/etc"; }
expect 0 vzhosts --containers
etc=$(guest_etc)
before_containers() { sed -i '/vzhosts: begin/,/vzhosts: end/d' "$resting"; }
after_containers() {
    check_quietly "old or new" grep -q '^127.0.0.1 localhost' "$resting"
    quietly 0 vzhosts --containers
    check_quietly "the next one finishes it" grep -q '^10.50.0.103	bridged' "$resting"
    quietly "0|40" vzctl umount 102
    equal_quietly "nothing else is left" "$etc" "$(guest_etc)"
}
step_through containers "$chaos_calls" after_containers vzhosts --containers
STRACE=-f step_through containers "$chaos_calls" after_containers vzhosts --containers

after_push() {
    quietly 0 "${push[@]}" --push "h:$VZ_TMP/near"
    check_quietly "whole" cmp -s "$VZ_TMP/near" <(vzhosts)
    equal_quietly "no copy is left here" "" "$(find /run/vz -name "*push*")"
}
step_through push "$chaos_files,execve,clone,clone3,vfork,wait4" after_push vzhosts --push "h:$VZ_TMP/near" --rsh "$VZ_TMP/rsh"
finish
