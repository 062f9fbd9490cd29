#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154 # words for a shell inside; out and err are set by expect
# vzclone: copies of stopped and running containers with an identity of their own.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
sandbox "$0" "$@"
sandbox_template

inside() { vzctl exec2 "$1" "$2" 2>/dev/null; }
own() { sed -n "s/^$2=\"\(.*\)\"/\1/p" "/etc/vz/conf/$1.conf"; } # CTID KEY

make_source() { # LAYOUT
    expect 0 vzctl create 101 --ostemplate debian-13-x86_64-minimal --layout "$1" --hostname web --ipadd 10.10.0.2 \
        --name web --ram 300M --onboot yes
    printf '# UUID: 11111111-2222-3333-4444-555555555555\nX_OWN="kept"\n' >>/etc/vz/conf/101.conf
    expect 0 vzctl start 101 --wait
    # What is easily lost: owners, hard links, holes, attributes, a removed and a replaced file of the template.
    inside 101 'mkdir /srv/d; echo one >/srv/d/a; ln /srv/d/a /srv/d/b; chown 1000:1000 /srv/d/a; chmod 4755 /srv/d/a
        truncate -s 10M /srv/d/hole; ln -s /nowhere /srv/d/link; mkfifo /srv/d/fifo
        rm /etc/issue; echo mine >/etc/issue.net; rm -rf /usr/share/doc; mkdir /usr/share/doc; echo d >/usr/share/doc/d'
}

state_of_files() { # CTID
    inside "$1" 'cd / && find srv -printf "%p %y %m %U:%G %s %n %l\n" | sort
        find etc/issue etc/issue.net usr/share/doc -printf "%p %y %m %U:%G %s\n" 2>/dev/null | sort
        md5sum /srv/d/a /srv/d/b /etc/issue.net'
}

identity_differs() { # LAYOUT A B
    local what
    for what in 'cat /etc/machine-id' 'cat /etc/hostname' 'cat /proc/sys/kernel/random/boot_id'; do
        check_not "$1: $what differs" test "$(inside "$2" "$what")" = "$(inside "$3" "$what")"
    done
    for what in VE_UUID LOCAL_UID; do
        check_not "$1: $what differs" test "$(own "$2" "$what")" = "$(own "$3" "$what")"
    done
}

of_running() { # LAYOUT
    local files
    files=$(state_of_files 101)
    expect 0 vzclone web --ip 10.10.0.3 --name web2 --hostname web2 --start --wait
    equal "$1: the id is the only output" 102 "$out"
    equal "$1: the source runs on" "CTID 101 exist mounted running" "$(vzctl status web)"
    equal "$1: and answers" alive "$(inside 101 'echo alive')"
    equal "$1: the files are the same" "$files" "$(state_of_files 102)"
    identity_differs "$1" 101 102
    equal "$1: systemd is content" running "$(inside 102 'systemctl is-system-running')"
    check "$1: it has its address" ping -qc1 -W2 10.10.0.3
    equal "$1: settings of the source" "$(own 101 PHYSPAGES)" "$(own 102 PHYSPAGES)"
    equal "$1: unknown keys too" kept "$(own 102 X_OWN)"
    equal "$1: but not its start at boot" "" "$(own 102 ONBOOT)"
    check_not "$1: nor libvirt's uuid" grep -q '^# UUID' /etc/vz/conf/102.conf
    inside 102 'echo two >/srv/d/a; rm /etc/issue.net'
    equal "$1: changes of the copy are its own" "$files" "$(state_of_files 101)"
}

of_stopped() { # LAYOUT
    printf '#!/bin/sh\n' >/etc/vz/conf/101.mount
    chmod +x /etc/vz/conf/101.mount
    expect 0 vzctl stop 101
    expect 0 vzclone 101 250
    equal "$1: the id that was asked for" 250 "$out"
    equal "$1: no address, no name" " " "$(own 250 IP_ADDRESS) $(own 250 NAME)"
    check "$1: its own script" test -x /etc/vz/conf/250.mount
    expect 0 vzctl start 250 --wait
    equal "$1: it starts" running "$(inside 250 'systemctl is-system-running')"
}

refusals() { # LAYOUT
    local before
    before=$(ls /etc/vz/conf /var/lib/vz/private)
    expect 2 vzclone
    expect 21 vzclone nobody
    expect 14 vzclone 999
    expect 78 vzclone 101 --ip 10.10.0.2
    expect 131 vzclone 101 --name web2
    expect 82 vzclone 101 102
    expect 21 vzclone 101 --ram lots
    expect 21 vzclone 101 50
    equal "$1: refusals change nothing" "$before" "$(ls /etc/vz/conf /var/lib/vz/private)"
}

# Killed at some moments (kill_clones.sh: at all of them): the source is never left frozen.
kills() { # LAYOUT
    local delay
    expect 0 vzctl start 101 --wait
    for delay in 0.04 0.06 0.08 0.1 0.15; do
        { timeout -s KILL "$delay" vzclone 101 260 --ip 10.10.0.9 >/dev/null 2>&1; } 2>/dev/null
        equal "$1: the source answers after $delay s" alive "$(timeout 20 vzctl exec2 101 echo alive)"
        [ ! -e /etc/vz/conf/260.conf ] || vzctl --quiet destroy 260
    done
    expect 0 vzclone 101 260 --ip 10.10.0.9
    expect 0 vzctl destroy 260
    equal "$1: nothing stays" "" "$(find /var/lib/vz/private -maxdepth 1 -name '260*')"
    equal "$1: no work is pending" "" "$(ls /var/lib/vz/pending)"
}

# A signal takes everything back at once.
interrupted() {
    local delay
    for delay in 0.05 0.1; do
        timeout -s INT "$delay" vzclone 101 260 >/dev/null 2>&1
        if [ -e /etc/vz/conf/260.conf ]; then vzctl --quiet destroy 260; fi
        equal "INT after $delay s: the source answers" alive "$(timeout 20 vzctl exec2 101 echo alive)"
        equal "INT after $delay s: nothing stays" "" "$(find /var/lib/vz/private /var/lib/vz/pending -name '260*')"
    done
}

hostile_source() { # what the copy's identity is made of leads to the host
    local victim=/var/lib/vz/victim
    mkdir -p "$victim" && echo host >"$victim/machine-id"
    inside 101 "rm -rf /etc/ssh /etc/machine-id /var/lib/dbus
        ln -s ../../../../../..$victim /etc/ssh; ln -s ../../../../../..$victim/machine-id /etc/machine-id
        ln -s /proc/1/root$victim /var/lib/dbus"
    expect 0 vzclone 101 270
    equal "nothing of the host is touched" "machine-id host" "$(ls "$victim") $(cat "$victim/machine-id")"
    expect 0 vzctl destroy 270
}

make_source overlay
of_running overlay
of_stopped overlay
refusals overlay
kills overlay
interrupted
hostile_source
for ctid in 101 102 250; do
    vzctl --quiet stop "$ctid" --fast
    expect 0 vzctl destroy "$ctid"
done
make_source dir
of_running dir
finish
