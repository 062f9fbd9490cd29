#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # clean is set where it is used
# Check 11 at many moments: INT, TERM and HUP take back what vzctl create, vzcreate and vztemplate have made so far, at once
# and by themselves, and then end them; what they started is ended too. Kills that cannot be noticed are another test's.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"
. "$VZ_SOURCE_DIR/tests/lib/chaos.sh"
sandbox "$0" "$@"

# The traces without what may stay: a template's tree and stamp make nothing but the next create faster.
own_traces() { traces | grep -v '^var/lib/vz/template/tree'; }

complete_template() {
    [ -z "$(find /var/lib/vz/template -name '.*' ! -name '.*.stamp')" ] && vztemplate verify --quiet t >/dev/null 2>&1
}

milliseconds() { # COMMAND…: how long it takes
    local began
    began=$(date +%s%N)
    "$@" >/dev/null 2>&1
    echo $((($(date +%s%N) - began) / 1000000))
}

# The first run may be much longer than the others: then most signals would come too late.
shortest() { # UNDO COMMAND…: its milliseconds
    local undo=$1 run time least=999999
    shift
    for ((run = 0; run < 3; run++)); do
        time=$(milliseconds "$@")
        [ "$time" -ge "$least" ] || least=$time
        $undo >/dev/null 2>&1
    done
    echo "$least"
}

# Ends the command after so many milliseconds, by a signal to it alone or, as a terminal does, to all of its processes.
after() { # MILLISECONDS SIGNAL one|all COMMAND…
    local seconds mode=(--foreground)
    seconds=$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))
    local signal=$2
    [ "$3" = one ] || mode=()
    shift 3
    timeout "${mode[@]}" --preserve-status -s "$signal" "$seconds" "$@" >"$VZ_TMP/out" 2>"$VZ_TMP/err" </dev/null
}

# Each signal at each of some moments from 0 to a little more than the command's own time.
# UNDO takes away what a command makes that was not interrupted.
swept() { # WHAT STEPS UNDO COMMAND…
    local what=$1 steps=$2 undo=$3 time step signal to status now interrupted=0 before=$failures
    shift 3
    time=$(shortest "$undo" "$@")
    clean=$(own_traces)
    for ((step = 0; step < steps; step++)); do
        signal=$(cut -d' ' -f$((step % 3 + 1)) <<<"TERM INT HUP")
        to=$(cut -d' ' -f$((step % 2 + 1)) <<<"one all")
        where="$what: $signal to $to after $((step * time * 11 / steps / 10)) ms"
        after $((step * time * 11 / steps / 10)) "$signal" "$to" "$@"
        status=$?
        case $status in
        0) ;;
        129 | 130 | 143)
            now=$(own_traces)
            # A signal that comes when all is done finds the work done, and it has been told so.
            if [ "$now" != "$clean" ] && ! grep -qE 'was created|^10[0-9]$' "$VZ_TMP/out" && ! complete_template; then
                fail "$where: something is left behind"
                diff <(echo "$clean") <(echo "$now") | grep '^[<>]' | head -15 | sed 's/^/    /' >&2
            fi
            interrupted=$((interrupted + 1))
            ;;
        *) fail "$where: exit status $status: $(cat "$VZ_TMP/err")" ;;
        esac
        [ "$(own_traces)" = "$clean" ] || $undo >/dev/null 2>&1
        [ $((failures - before)) -lt 8 ] || break
    done
    check "11: $what: interrupted $interrupted times" test "$interrupted" -ge $((steps / 3))
}

forget() { # an exit by itself made a container
    vzctl --quiet destroy 101
    rm -f /etc/vz/conf/101.conf.destroyed
}
tiny_template tiny
vzctl --quiet create 101 --ostemplate tiny
forget

swept "create overlay" 30 forget vzctl create 101 --ostemplate tiny --name one --ipadd 10.10.0.1
swept "create dir" 60 forget vzctl create 101 --ostemplate tiny --layout dir --name one
swept "vzcreate" 30 forget vzcreate -t tiny --layout dir --hostname one

new_tree() { rm -rf --one-file-system /var/lib/vz/template/tree/tiny*; }
forget_all() {
    forget
    new_tree
}
new_tree
swept "create with a template to unpack" 40 forget_all vzctl create 101 --ostemplate tiny
check "11: no half of a tree is left" test -z "$(find /var/lib/vz/template/tree -maxdepth 1 -name '.*')"

# An action script that takes its time, with a process of its own, is ended too; the container was complete by then.
printf '#!/bin/sh\ntouch %s/script\nsleep 1234 &\nsleep 1234\n' "$VZ_TMP" >/etc/vz/conf/vps.create
chmod +x /etc/vz/conf/vps.create
clean=$(own_traces)
for signal in TERM INT; do
    after 1500 $signal one vzctl create 101 --ostemplate tiny
    check "11: $signal: ended by the signal" test $? -gt 128
    check "11: $signal while vps.create ran" test -e "$VZ_TMP/script"
    check "11: $signal: the message says what is left" grep -q "nothing of container 101 is left" "$VZ_TMP/err"
    equal "11: $signal: nothing is left" "$clean" "$(own_traces)"
    equal "11: $signal: no process of the script is left" "" "$(pgrep -f '^sleep 1234$')"
    rm -f "$VZ_TMP/script"
done
rm /etc/vz/conf/vps.create

# A configuration that was there before stays.
printf 'ONBOOT="no"\n' >/etc/vz/conf/101.conf
for ((delay = 0; delay < 60; delay += 6)); do
    after $delay TERM one vzctl create 101 --ostemplate tiny --layout dir || grep -q '^ONBOOT="no"' /etc/vz/conf/101.conf ||
        fail "the older configuration is lost after $delay ms"
    [ -e /var/lib/vz/private/101.tmp ] && fail "the private area's work folder is left after $delay ms"
    [[ $(vzctl status 101) != *" exist "* ]] || { forget; printf 'ONBOOT="no"\n' >/etc/vz/conf/101.conf; }
done
pass "11: a configuration that was there before stays"
forget
rm -f /etc/vz/conf/101.conf

# Who ignores a signal, as nohup(1) makes programs do, is not ended by it.
(trap '' HUP; exec vzctl --quiet create 101 --ostemplate tiny --layout dir) &
sleep 0.02
check "the command still works" kill -HUP $!
wait $!
equal "a signal that is ignored ends nothing" 0 $?
forget

# Templates.
tiny_tree "$VZ_SANDBOX/tree"
forget_template() { vztemplate remove --quiet t; }
swept "import a folder" 30 forget_template vztemplate import --quiet "$VZ_SANDBOX/tree" --name t
swept "import an archive" 30 forget_template vztemplate import --quiet /var/lib/vz/template/cache/tiny.tar.zst --name t
finish
