#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A running container whose root user is an enemy: it fights while its settings change, does not want to end, and tries
# the known ways out.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"
need_programs setpriv perl
sandbox "$0" "$@"
sandbox_template

bounded() { # SECONDS STATUSES COMMAND…: ends in time with one of the statuses "0|8"
    local seconds=$1 wanted=$2 status
    shift 2
    timeout -k 2 "$seconds" "$@" >"$VZ_TMP/out" 2>"$VZ_TMP/err" </dev/null
    status=$?
    out=$(cat "$VZ_TMP/out")
    err=$(cat "$VZ_TMP/err")
    if [[ "|$wanted|" == *"|$status|"* ]]; then
        pass "$(head -c 90 <<<"$*" | tr '\n' ' '): $status"
    else
        fail "$(head -c 200 <<<"$*") exits $wanted, got $status: $out $err"
    fi
}
files_of_host() { sha256sum /etc/passwd /etc/shadow /etc/group /etc/hosts /etc/hostname /etc/resolv.conf /proc/sys/kernel/core_pattern; }
before=$(files_of_host)

# ---- ways out -------------------------------------------------------------------------------------------------------
# Its shell is perl's: the tools of a minimal Debian.
expect 0 vzctl create 103 --ostemplate debian-13-x86_64-minimal --hostname enemy --name enemy
expect 0 vzctl create 104 --ostemplate debian-13-x86_64-minimal --hostname neighbour
bounded 120 0 vzctl start 103 --wait
bounded 120 0 vzctl start 104
inside() { timeout 20 vzctl exec3 103 "$@" </dev/null 2>&1; }
perl_inside() { inside perl -e "$1"; }

equal "the environment of a command is ours alone" \
    "$(printf '%s\n' HOME=/ PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=linux)" \
    "$(SECRET=1 LD_PRELOAD='' EVIL=$'a\nb' inside env | sort)"
exec 7</etc/shadow
equal "no descriptor of ours is handed on" "0 1 2" \
    "$(perl_inside 'opendir D, "/proc/self/fd"; my $own = fileno(D); print join " ", sort grep { /\d/ && readlink("/proc/self/fd/$_") !~ m{/fd$} } readdir D')"
check_not "nor a terminal or file of the host" grep -v 'pipe:\|/proc/\|^total' <<<"$(inside ls -l /proc/self/fd | sed 's/.*-> //')"
exec 7<&-
for call in '"AF_ALG socket", socket(S, 38, 5, 0)' '"AF_VSOCK socket", socket(S, 40, 1, 0)' '"bpf", syscall(321, 0, $p, 0) >= 0' \
    '"init_module", syscall(175, $p, 0, $q) == 0' '"finit_module", syscall(313, 0, $p, 0) == 0' \
    '"kexec_load", syscall(246, 0, 0, 0, 0) == 0' '"userfaultfd", syscall(323, 0) >= 0' \
    '"perf_event_open", syscall(298, $p, 0, -1, -1, 0) >= 0' '"io_uring", syscall(425, 1, $p) >= 0' \
    '"settimeofday", syscall(164, $p, 0) == 0' '"swapoff", syscall(168, $p) == 0' '"iopl", syscall(172, 3) == 0'; do
    answer=$(perl_inside "my \$p = qq{\0} x 200; my \$q = qq{}; my (\$what, \$got) = ($call); print \$got ? qq{got: \$what} : qq{refused: \$what \$!}")
    check "${answer:-$call}" grep -q '^refused' <<<"$answer"
done
# A handle of a file leads anywhere: refused by the filter, or for want of the right.
answer=$(perl_inside 'my $h = pack("Ii", 128, 0) . "\0" x 128; my $m;
    my $n = "/etc/hostname"; $m = pack("i", 0); syscall(303, -100, $n, $h, $m, 0);
    open my $d, "<", "/"; print syscall(304, fileno($d), $h, 0) >= 0 ? "got" : "refused: $!"')
check "open_by_handle_at $answer" grep -q '^refused: Operation not permitted' <<<"$answer"
for file in /proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/vm/drop_caches \
    /proc/sys/kernel/hotplug /sys/kernel/uevent_helper /proc/self/../1/oom_score_adj.none /sys/fs/cgroup/release_agent; do
    check_not "cannot write $file" inside sh -c "echo h >$file"
done
for node in "b 7 0" "b 8 0" "b 254 0" "c 1 1" "c 10 200 "; do
    # shellcheck disable=SC2086
    check_not "no use of device $node" inside sh -c "rm -f /root/node; mknod /root/node $node && head -c 1 /root/node"
done
check_not "no foreign file system" inside sh -c "mount -t ext4 /dev/loop0 /mnt || mount -t debugfs none /mnt || mount -t securityfs none /mnt"
check "it sees its own processes only: $(inside sh -c 'ls -d /proc/[0-9]* | wc -l')" \
    [ "$(inside sh -c 'ls -d /proc/[0-9]* | wc -l')" -lt 60 ]
ids() { grep -h '^LOCAL_UID' "/etc/vz/conf/$1.conf"; }
check_not "containers have different ids" [ "$(ids 103)" = "$(ids 104)" ]
equal "its root is nobody special on the host" "$(ids 103 | tr -dc 0-9)" \
    "$(stat -c %u "/proc/$(sed -n 's/.*"init": *\([0-9]*\).*/\1/p' /run/vz/ct/103/runtime.json)")"
check "the host's files look like nobody's" grep -qv '^0$' <<<"$(inside stat -c %u /proc/1/root/proc/sysrq-trigger)"

# Set-user-id programs of a container are no way up for users of the host.
inside sh -c 'cp /usr/bin/id /usr/bin/evil && chmod 6755 /usr/bin/evil' >/dev/null
# setpriv itself keeps rights until it has started something.
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups sh -c 'exec "$@"' sh)
check_not "its files are out of reach for users" "${nobody[@]}" ls /var/lib/vz/private/103/upper
check_not "nor run from there" "${nobody[@]}" /var/lib/vz/private/103/upper/usr/bin/evil
check_not "and give no root" grep -q 'uid=0' <<<"$("${nobody[@]}" /var/lib/vz/root/103/usr/bin/evil 2>/dev/null)"
check_not "templates are out of reach for users" "${nobody[@]}" ls /var/lib/vz/template/tree

# Characters pushed into the terminal must not become a command of the administrator.
if command -v script >/dev/null; then
    cat >"$VZ_TMP/push.pl" <<'PUSH'
for my $fd (0, 1, 2) { open my $t, "+<&=", $fd; ioctl($t, 0x5412, $_) for map { "$_" } split //, "touch PUSHED\n" }
open my $t, "+<", "/dev/tty"; ioctl($t, 0x5412, $_) for split //, "touch PUSHED\n";
PUSH
    for verb in exec enter; do
        case $verb in exec) call="vzctl exec 103 perl -e '$(tr '\n' ' ' <"$VZ_TMP/push.pl" | tr "'" '"')'" ;;
        *) call="vzctl enter 103 --exec perl -e '$(tr '\n' ' ' <"$VZ_TMP/push.pl")'" ;; esac
        printf '%s\nIFS= read -r -t 1 pushed; echo "pushed:[$pushed]"\n' "$call" >"$VZ_TMP/typed.sh"
        timeout 20 script -qec "bash $VZ_TMP/typed.sh" /dev/null >"$VZ_TMP/typed" 2>&1 </dev/null
        check_not "$verb: nothing is pushed into our terminal" grep -q 'pushed:\[.*touch' "$VZ_TMP/typed"
        check "$verb: the attempt was made" grep -q 'pushed:\[' "$VZ_TMP/typed"
    done
fi

# ---- fights --------------------------------------------------------------------------------------------------------
cat >"$VZ_TMP/fight" <<'FIGHT'
cd /etc
(while :; do
    for name in hosts hostname resolv.conf passwd shadow group; do
        rm -rf $name; ln -s ../../../../../../../../etc/$name $name; rm -rf $name; mkfifo $name
        rm -rf $name; ln -s /proc/1/root/etc/$name $name; rm -rf $name; mkdir $name; rm -rf $name; echo "root:x:0:0::/:/bin/sh" >$name
    done
    mv /etc /etc2; ln -s /proc/self/root/../../etc /etc; rm /etc; mv /etc2 /etc
done) >/dev/null 2>&1 &
FIGHT
bounded 20 "0|8" vzctl runscript 103 "$VZ_TMP/fight"
for round in 1 2 3 4 5 6 7 8; do
    timeout -k 2 30 vzctl set 103 --hostname "name$round" --nameserver 192.0.2.1 --userpasswd root:geheim >/dev/null 2>&1 </dev/null
    case $? in 124 | 137 | 134 | 139) fail "round $round: set does not end" ;; esac
    timeout -k 2 30 vzctl set 103 --ipadd "10.10.1.$round" --save >/dev/null 2>&1 </dev/null
    case $? in 124 | 137 | 134 | 139) fail "round $round: set does not end" ;; esac
done
equal "the host's files are as they were" "$before" "$(files_of_host)"
# A file system of its own over /etc, which only its processes see.
bounded 30 "0|8" vzctl exec 104 'mount -t tmpfs none /etc && echo evil >/etc/hosts; mount --bind /proc /mnt; :'
bounded 30 0 vzctl set 104 --hostname quiet --ipadd 10.10.2.1 --save
equal "the host's files are as they were" "$before" "$(files_of_host)"
bounded 30 "0|8" vzctl exec 104 'perl -MFcntl -e "open F, q{>}, q{/etc/.pwd.lock}; fcntl(F, F_SETLK, pack(q{ssqql}, F_WRLCK, 0, 0, 0, 0)); sleep 1000" >/dev/null 2>&1 </dev/null & :'
bounded 60 "0|74" vzctl set 104 --userpasswd root:geheim

# As many processes as it may have, all stopped, and still ours to enter, change and stop.
bounded 30 0 vzctl set 103 --numproc 120 --stop-timeout 2 --save
bounded 60 "0|8|7" vzctl exec 103 'i=0; while [ $i -lt 300 ]; do sleep 1000 >/dev/null 2>&1 </dev/null & i=$((i + 1)); done'
bounded 30 "0|8|7|254" vzctl exec 103 true
bounded 30 "0|8|7|254" vzctl exec 103 'kill -STOP -1'
bounded 30 0 vzctl status 103
bounded 30 0 vzctl set 103 --ram 400M
bounded 60 0 vzctl stop 103
equal "it is down" "CTID 103 exist unmounted down" "$(vzctl status 103)"
bounded 90 0 vzctl stop 104
equal "the host's files are as they were" "$before" "$(files_of_host)"

# ---- inits that do not behave ------------------------------------------------------------------------------------------
tiny_template tiny
expect 0 vzctl create 105 --ostemplate tiny --layout dir --hostname one
expect 0 vzctl set 105 --stop-timeout 2 --save
init=/var/lib/vz/private/105/sbin/init
printf '#!/bin/sh\ntrap "" PWR TERM INT HUP\nwhile :; do sleep 1000; done\n' >"$init"
bounded 30 0 vzctl start 105
bounded 30 0 vzctl stop 105
equal "an init that will not halt is killed" "CTID 105 exist unmounted down" "$(vzctl status 105)"
for content in '#!/bin/sh\nexit 0\n' '#!/bin/sh\nexit 3\n' '#!/no/such/shell\n' 'no program\n'; do
    # shellcheck disable=SC2059
    printf "$content" >"$init"
    bounded 30 7 vzctl start 105
    check "it says why: $err" [ -n "$err" ]
    for _ in $(seq 50); do [ "$(vzctl status 105)" = "CTID 105 exist unmounted down" ] && break; sleep 0.1; done
    equal "an init that ends at once (${content:0:15}) leaves nothing" "CTID 105 exist unmounted down" "$(vzctl status 105)"
    equal "nor a device" "" "$(ip -o link show | grep venet105)"
done
# A disk that its container has filled.
printf '#!/bin/sh\ntrap "exit 0" PWR\nwhile :; do sleep 1000 & wait; done\n' >"$init"
mkdir "$VZ_TMP/full"
mount -t tmpfs -o size=16m tmpfs "$VZ_TMP/full"
cp -a /var/lib/vz/private/105/. "$VZ_TMP/full/"
mount --bind "$VZ_TMP/full" /var/lib/vz/private/105
bounded 30 0 vzctl start 105
bounded 30 "0|8" vzctl exec 105 'dd if=/dev/zero of=/full bs=1024; dd if=/dev/zero of=/full2 bs=1'
bounded 30 "46|74" vzctl set 105 --userpasswd root:geheim
check "it says why: $err" grep -qi 'space' <<<"$err"
bounded 30 0 vzctl exec 105 'read line </etc/passwd && echo "$line"'
bounded 30 0 vzctl restart 105
bounded 30 0 vzctl stop 105
umount /var/lib/vz/private/105

# ---- texts that carry lines -----------------------------------------------------------------------------------------------
vzctl set 105 --hostname $'a\nlxc.hook.pre-start=/bin/evil' --save >/dev/null 2>&1
vzctl set 105 --description $'\e]0;evil\a' --save >/dev/null 2>&1
vzctl exec 105 $'\nlxc.hook' >/dev/null 2>&1
vzctl start $'105\n2026 forged line' >/dev/null 2>&1
printf 'HOSTNAME="x\tlxc"\n' >>/etc/vz/conf/105.conf
vzctl start 105 >/dev/null 2>&1
check_not "no forged line in a log" grep -rq '^lxc\|^2026 forged' /var/log/vz
check_not "no control character in a log" grep -rqP '[\x00-\x08\x0b-\x1f\x7f]' /var/log/vz
equal "no password in what we keep" "" "$(grep -rl geheim /etc/vz /run/vz /var/log/vz)"
equal "the host's files are as they were" "$before" "$(files_of_host)"
finish
