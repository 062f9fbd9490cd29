#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154 # words for another shell; out and err are set by expect
# Folders of the host that containers share: owners, limits that hold, hostile targets and sources, live and at start.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"
. "$VZ_SOURCE_DIR/tests/lib/chaos.sh"
need_programs strace
sandbox "$0" "$@"

readonly shared=$VZ_SANDBOX/home ct_conf=/etc/vz/conf/101.conf
tiny_tree "$VZ_TMP/tree"
for program in chown umount mkdir setpriv; do cp -L "$(command -v $program)" "$VZ_TMP/tree/bin/"; done
for library in $(ldd "$VZ_TMP/tree/bin/umount" "$VZ_TMP/tree/bin/chown" "$VZ_TMP/tree/bin/setpriv" | grep -o '/[^ ]*' | grep -v "^$VZ_TMP" | sort -u); do
    mkdir -p "$VZ_TMP/tree/$(dirname "$library")" && cp -Ln "$library" "$VZ_TMP/tree/$library"
done
tiny_pack "$VZ_TMP/tree" tiny
mkdir -p "$shared"
expect 0 vzctl create 101 --ostemplate tiny --layout overlay
expect 0 vzctl create 102 --ostemplate tiny --layout dir

value() { sed -n 's/^BINDMOUNT="\(.*\)"$/\1/p' "$ct_conf"; }
in101() { vzctl exec2 101 "$@"; }
in102() { vzctl exec2 102 "$@"; }
is_mounted_in() { vzctl exec2 "$1" cat /proc/self/mountinfo | awk -v t="$2" '$5 == t' | grep -q .; }
until_true() { for _ in {1..100}; do "$@" && return; sleep 0.1; done; return 1; }

one_home_for_two() {
    expect 0 vzctl set 101 --bindmount_add "$shared:/home" --save
    check "a folder that users can reach is warned of" grep -q "set-user-id" <<<"$err"
    equal "kept in the configuration" "$shared:/home" "$(value)"
    expect 0 vzctl start 101
    expect 0 vzctl start 102
    expect 0 vzctl set 102 --bindmount_add "$shared:/home" --save # live
    check "at the start" is_mounted_in 101 /home
    check "live" is_mounted_in 102 /home
    expect 0 in101 'mkdir /home/anna; chown 1000:1000 /home/anna; chmod 700 /home/anna'
    expect 0 in101 'setpriv --reuid 1000 --regid 1000 --clear-groups touch /home/anna/file'
    equal "owners are the same in the other container" "1000 1000" "$(in102 stat -c "'%u %g'" /home/anna/file)"
    equal "and on the host" "1000 1000" "$(stat -c '%u %g' "$shared/anna/file")"
    expect 0 in102 'echo more | setpriv --reuid 1000 --regid 1000 --clear-groups dd of=/home/anna/file'
    equal "written by the other" more "$(in101 cat /home/anna/file)"
    expect 1 in102 'setpriv --reuid 1001 --regid 1001 --clear-groups cat /home/anna/file'
    touch "$shared/of-root" && chown 5:6 "$shared/of-root"
    equal "made on the host" "5 6" "$(in101 stat -c "'%u %g'" /home/of-root)"
    equal "the private area has nothing of it" "" "$(find /var/lib/vz/private /var/lib/vz/root -name file)"
}

# The container's root has all rights in its own namespaces, and must not get out of these limits.
limits_hold() {
    expect 0 vzctl set 102 --bindmount_add "$shared:/mnt/ro,ro" --bindmount_add "$shared:/mnt/noexec,noexec"
    check "not saved: a warning" grep -q "not saved" <<<"$err"
    expect 1 in102 'touch /mnt/ro/x 2>/dev/null'
    cp /bin/true "$shared/true" && chmod 4755 "$shared/true"
    expect 0 in102 /mnt/ro/true
    expect 126 in102 /mnt/noexec/true
    local where option
    for where in /mnt/ro /home; do
        for option in rw suid dev exec; do
            in102 "mount -o remount,bind,$option $where" 2>/dev/null
        done
    done
    in102 "mount -o remount,bind,rw,exec,dev,suid /mnt/noexec" 2>/dev/null
    expect 1 in102 'touch /mnt/ro/x 2>/dev/null'
    expect 126 in102 /mnt/noexec/true
    options_of() { vzctl exec2 "$1" cat /proc/self/mountinfo | awk -v t="$2" '$5 == t {print "," $6 ","}'; }
    for where in /home /mnt/ro; do
        check "$where: nosuid stays" grep -q ,nosuid, <<<"$(options_of 102 $where)"
        check "$where: nodev stays" grep -q ,nodev, <<<"$(options_of 102 $where)"
    done
    # The same for one that was there from the start.
    in101 "mount -o remount,bind,suid,dev /home" 2>/dev/null
    check "from the start: nosuid stays" grep -q ,nosuid, <<<"$(options_of 101 /home)"
    in102 'mkdir /tmp/again; mount --bind /mnt/ro /tmp/again; mount -o remount,bind,rw /tmp/again' 2>/dev/null
    expect 1 in102 'touch /tmp/again/x 2>/dev/null'
    expect 0 vzctl set 102 --bindmount_add "$shared:/mnt/suid,suid"
    check_not "suid on request" grep -q ,nosuid, <<<"$(options_of 102 /mnt/suid)"
    rm "$shared/true"
}

taken_away() {
    expect 0 vzctl set 102 --bindmount_del /mnt/ro
    check_not "taken away live" is_mounted_in 102 /mnt/ro
    check "the others stay" is_mounted_in 102 /home
    expect 0 vzctl set 101 --bindmount_del /home
    check_not "one of the start, live" is_mounted_in 101 /home
    equal "not saved" "$shared:/home" "$(value)"
    expect 21 vzctl set 101 --bindmount_del /nowhere --save
    expect 0 vzctl set 101 --bindmount_add "$shared:/home,ro" --save
    equal "another one on the same place takes it over" "$shared:/home,ro" "$(value)"
    expect 1 in101 'touch /home/x 2>/dev/null'
    equal "there is one of it" 1 "$(in101 cat /proc/self/mountinfo | awk '$5 == "/home"' | wc -l)"
    # Umounted by the container's root: given again.
    in101 umount /home
    check_not "the container's root may unmount it" is_mounted_in 101 /home
    expect 0 vzctl set 101 --bindmount_add "$shared:/home" --save
    check "and it can be given again" is_mounted_in 101 /home
    expect 0 vzctl stop 102 --fast
    expect 0 vzctl start 102
    check "what was saved is there after a stop" is_mounted_in 102 /home
    check_not "what was not is gone" is_mounted_in 102 /mnt/noexec
    expect 0 vzctl set 102 --bindmount_del all --save
    check_not "all: live" is_mounted_in 102 /home
    expect 0 vzctl stop 102 --fast
    equal "nothing is left on the host" "" "$(grep " /var/lib/vz/root/102\| $shared" /proc/self/mounts)"
    equal "nor in the state" "" "$(find /run/vz/ct/102 -name 'bindmounts')"
    check "what was shared is kept" test -e "$shared/anna/file"
}

hostile_targets() {
    local target
    in101 'mkdir -p /mnt; ln -s /etc /mnt/link; ln -s ../../../../../.. /mnt/up; echo x >/mnt/file; ln -s /nowhere /mnt/dangling'
    for target in /mnt/link /mnt/link/x /mnt/up/tmp/escaped /mnt/file /mnt/file/x /mnt/dangling; do
        expect 50 vzctl set 101 --bindmount_add "$shared:$target" --save
        check "$target: says why" grep -q "symbolic link or a file" <<<"$err"
    done
    check_not "nothing was made on the host" test -e /tmp/escaped
    equal "nothing was saved" "$shared:/home" "$(value)"
    equal "nothing was mounted" 1 "$(in101 cat /proc/self/mountinfo | grep -c "$(basename "$VZ_SANDBOX")/home")"
    # A link planted for the next start.
    in101 'umount /home; mv /home /old-home; ln -s /etc /home'
    expect 0 vzctl stop 101 --fast
    expect 50 vzctl start 101
    check "a planted link at the start: says why" grep -q "/home in the container is, or goes through" <<<"$err"
    equal "and it is down, whole" "CTID 101 exist unmounted down" "$(vzctl status 101)"
    equal "no device is left" "" "$(ip -o link show | grep venet101)"
    expect 0 vzctl set 101 --bindmount_del all --save
    expect 0 vzctl start 101
    in101 'rm /home; mv /old-home /home'
}

sources() {
    local bad
    ln -s "$shared" "$VZ_SANDBOX/link"
    echo x >"$VZ_SANDBOX/file"
    for bad in "$VZ_SANDBOX/gone:/mnt/x" "$VZ_SANDBOX/link:/mnt/x" "$VZ_SANDBOX/link/anna:/mnt/x" "$VZ_SANDBOX/file:/mnt/x" \
        /:/mnt/x /etc:/mnt/x /etc:/mnt/x,ro /var:/mnt/x /var/lib/vz:/mnt/x,ro /var/lib/vz/private/102:/mnt/x /usr:/mnt/x \
        /proc:/mnt/x,ro /run/vz:/mnt/x relative:/mnt/x "$shared:relative" "$shared:/" "$shared:/mnt/../etc" "$shared:/proc/x" \
        "$shared:/dev" "$shared:/mnt/x,bogus" "$shared:/a:/b" "" "$shared:/a b" "$shared:/a
b" "$shared//anna:/mnt/x"; do
        expect 21 vzctl set 101 --bindmount_add "$bad" --save
    done
    equal "nothing of these was kept" "" "$(value)"
    mkdir "$VZ_SANDBOX/closed" && chmod 700 "$VZ_SANDBOX/closed" && mkdir "$VZ_SANDBOX/closed/data"
    expect 0 vzctl set 101 --bindmount_add "$VZ_SANDBOX/closed/data:/srv/data" --save
    equal "a closed folder needs no warning" "" "$err"
    expect 0 in101 'echo there >/srv/data/x'
    equal "and is used" there "$(cat "$VZ_SANDBOX/closed/data/x")"
    equal "the folder was made by the container's root" "0 0 755" "$(in101 stat -c "'%u %g %a'" /srv)"
    expect 0 vzctl set 101 --bindmount_add "$shared" --save
    check "one path for both sides" is_mounted_in 101 "$shared"
    expect 0 vzctl stop 101 --fast
    mv "$VZ_SANDBOX/closed/data" "$VZ_SANDBOX/closed/moved"
    expect 50 vzctl start 101
    check "a source that vanished: says what to do" grep -q "does not exist.*--bindmount_del /srv/data" <<<"$err"
    equal "and changes nothing" "CTID 101 exist unmounted down" "$(vzctl status 101)"
    mv "$VZ_SANDBOX/closed/moved" "$VZ_SANDBOX/closed/data"
    # Another container has put a link where the source was.
    mv "$VZ_SANDBOX/closed/data" "$VZ_SANDBOX/closed/moved" && ln -s /etc "$VZ_SANDBOX/closed/data"
    expect 50 vzctl start 101
    check "a source that became a link is not followed" grep -q "symbolic link" <<<"$err"
    rm "$VZ_SANDBOX/closed/data" && mv "$VZ_SANDBOX/closed/moved" "$VZ_SANDBOX/closed/data"
    expect 0 vzctl start 101
    check "back, it starts" is_mounted_in 101 /srv/data
    sed -i 's|^BINDMOUNT=.*|BINDMOUNT="/etc:/mnt/x"|' "$ct_conf"
    expect 0 vzctl stop 101 --fast
    expect 50 vzctl start 101
    sed -i '/^BINDMOUNT=/d' "$ct_conf"
    expect 0 vzctl start 101
}

# Killed at every call of a live change: the next command works, and after the stop nothing is left.
killed() {
    mkdir -p "$shared/anna"
    expect 0 in101 'mkdir -p /mnt/k'
    expect 0 vzctl stop 101 --fast
    local before_all
    before_all=$(settled_traces)
    before_add() { vzctl --quiet start 101; }
    after_add() {
        quietly 0 vzctl set 101 --bindmount_add "$shared:/mnt/k" --save
        quietly 0 vzctl exec2 101 "test -d /mnt/k/anna"
        quietly 0 vzctl set 101 --bindmount_del /mnt/k --save
        quietly 0 vzctl exec2 101 "test ! -e /mnt/k/anna"
        sed -i '/^BINDMOUNT=/d' "$ct_conf"
        quietly 0 vzctl stop 101 --fast
        same_traces "$before_all"
    }
    step_through add "$chaos_mounts,$chaos_processes,rename,openat" after_add vzctl set 101 --bindmount_add "$shared:/mnt/k" --save
}

one_home_for_two
limits_hold
taken_away
hostile_targets
sources
killed
finish
