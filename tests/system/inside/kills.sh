#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Commands on logical volumes killed while one of LVM's works for them, and right after it: what LVM began goes on by
# itself. The next command needs no repair, files are of the one state or of the other, and no volume is left. Each run
# tries two of the commands, and of each a quarter of the moments; VZ_KILL_ALL=1 all, VZ_SEED=N those of another run.
. "$VZ_SOURCE_DIR/tests/system/inside/common.bash"
. "$VZ_SOURCE_DIR/tests/lib/chaos.sh"

id=11111111-1111-1111-1111-111111111111
every=$((${VZ_KILL_ALL:-0} ? 1 : 4))
seed=${VZ_SEED:-$RANDOM}
RANDOM=$seed
echo "VZ_SEED=$seed"

# Stand-ins, which are found first: they count, and kill the command that they work for.
make_stand_ins() {
    local name
    echo never >"$VZ_TMP/kill"
    echo 0 >"$VZ_TMP/count"
    for name in lvchange lvcreate lvextend lvremove lvrename mkfs.ext4; do
        cat >"$VZ_TMP/$name" <<WRAPPER
#!/bin/sh
count=\$((\$(cat "$VZ_TMP/count") + 1))
echo \$count >"$VZ_TMP/count"
[ "\$(cat "$VZ_TMP/kill")" != "during \$count" ] || kill -KILL "\$(cat "$VZ_TMP/pid")"
"$(PATH=/usr/sbin:/sbin command -v "$name")" "\$@"
status=\$?
[ "\$(cat "$VZ_TMP/kill")" != "after \$count" ] || kill -KILL "\$(cat "$VZ_TMP/pid")"
exit \$status
WRAPPER
        install -m 755 "$VZ_TMP/$name" /usr/local/sbin/
    done
}

killed_at() { # MOMENT COMMAND…
    echo 0 >"$VZ_TMP/count"
    echo "$1" >"$VZ_TMP/kill"
    shift
    # The shell would tell about each killed program.
    {
        "$@" >"$VZ_TMP/out" 2>"$VZ_TMP/err" </dev/null &
        echo $! >"$VZ_TMP/pid"
        wait $!
    } 2>/dev/null
}

# As step_through of chaos.sh, whose strace knows nothing of LVM.
step() { # NAME CHECK COMMAND…; "before_NAME", where there is one, before each run
    local name=$1 check=$2 count moment n killed=0 before=$failures next
    shift 2
    where="$name: not killed"
    step_prepare "$name"
    killed_at never "$@" || fail "$name: fails without any kill: $(cat "$VZ_TMP/err")"
    count=$(cat "$VZ_TMP/count")
    "$check"
    next=$((RANDOM % (every < 2 * count ? every : 2 * count + (count == 0))))
    for ((n = 0; n < 2 * count; n++)); do
        [ $((n % every)) -eq "$next" ] || continue
        moment="$([ $((n % 2)) -eq 0 ] && echo during || echo after) $((n / 2 + 1))"
        where="$name: killed $moment"
        step_prepare "$name"
        killed_at "$moment" "$@"
        [ $? -ne 137 ] || killed=$((killed + 1))
        "$check"
    done
    echo never >"$VZ_TMP/kill"
    [ "$killed" -gt 0 ] || fail "$name: nothing was killed"
    [ "$failures" -ne "$before" ] || pass "$name: killed at $killed of $((2 * count)) moments"
}

same_volumes() {
    local now tries
    for ((tries = 0; tries < 50; tries++)); do # what LVM began may just end
        now=$(volumes)
        [ "$now" != "$clean" ] || return
        sleep 0.2
    done
    fail "$where: volumes: $now; wanted: $clean"
}

after_create() {
    nothing_half
    [[ $(status_of) != exist* ]] || quietly 0 vzctl destroy 101
    quietly 0 "${create[@]}"
    quietly 0 vzctl destroy 101
    same_volumes
}
before_destroy() { quietly 0 "${create[@]}"; }

after_clone() {
    [ ! -e /etc/vz/conf/105.conf ] || quietly 0 vzctl destroy 105
    quietly 0 "${clone[@]}"
    quietly 0 vzctl destroy 105
    same_volumes
}

before_switch() { write_state second; }
after_switch() {
    check_quietly "half a state" grep -qxE 'first|second' <<<"$(state_of_101)"
    quietly 0 vzctl snapshot-switch 101 --id "$id"
    equal_quietly "the state of then" first "$(state_of_101)"
    same_volumes
}

layout() { sed -n 's/^VE_LAYOUT="\(.*\)"/\1/p' /etc/vz/conf/101.conf; }
after_convert() {
    equal_quietly "the files" first "$(state_of_101)"
    check_quietly "half a layout" grep -qxE "lvmthin|dir" <<<"$(layout)"
    [ "$(layout)" = dir ] || quietly 0 vzctl convert 101 --layout dir
    equal_quietly "the files, converted" first "$(state_of_101)"
    equal_quietly "no volume stays" "" "$(volumes | grep -v '^vz-template-')"
    quietly 0 vzctl convert 101 --layout lvmthin
}

begin() { # LAYOUT: 101 is there, in its first state
    create=(vzctl create 101 --ostemplate tiny --layout "$1" --diskspace 100M --name one)
    quietly 0 "${create[@]}"
    write_state first
    clean=$(volumes)
}

try_create() { # LAYOUT
    begin "$1"
    quietly 0 vzctl destroy 101
    clean=$(volumes)
    step create after_create "${create[@]}"
}
try_destroy() {
    try_create lvmthin
    step destroy after_create vzctl destroy 101
}
try_clone() { # LAYOUT
    begin "$1"
    step clone after_clone "${clone[@]}"
    quietly 0 vzctl destroy 101
}
try_switch() {
    begin lvmthin
    quietly 0 vzctl snapshot 101 --id "$id"
    clean=$(volumes)
    step switch after_switch vzctl snapshot-switch 101 --id "$id"
    quietly 0 vzctl destroy 101
}
try_convert() {
    begin lvmthin
    step convert after_convert vzctl convert 101 --layout dir
    quietly 0 vzctl destroy 101
}

make_template
make_stand_ins
clone=(vzclone 101 105 --name two)
tries=("create lvm" "create lvmthin" destroy "clone lvm" "clone lvmthin" switch convert)
[ "${VZ_KILL_ALL:-0}" = 1 ] || mapfile -t tries < <(printf '%s\n' "${tries[@]}" | sort --random-source=<(yes "$seed") -R | head -n 2)
for one in "${tries[@]}"; do
    echo "$one"
    eval "try_$one"
done
finish
