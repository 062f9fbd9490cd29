# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables are shared with vm
# Part of vm: one qemu, its monitor, and ssh into its machine.

# /dev/kvm alone says little: some hosts have it without a processor that could serve it.
has_kvm() {
    [[ ${VZ_VM_ACCEL:-kvm} == kvm && -w /dev/kvm ]] && grep -qwE 'vmx|svm' /proc/cpuinfo
}

accelerator() {
    if has_kvm; then echo kvm; else echo tcg,thread=multi,tb-size=512; fi
}

# Without cmpxchg16b: under emulation qemu 7.2 gets it wrong, and the kernel's allocator panics.
processor() {
    if has_kvm; then echo max; else echo max,-cx16; fi
}

# Sets the array `qemu`: a machine with the files of image $1, its own in folder $2, and the disk that $3 tells.
qemu_command() {
    local image=$1 own=$2 drive=$3 port
    mkfifo "$own/monitor.in" "$own/monitor.out"
    # shellcheck disable=SC2054  # the commas are qemu's
    qemu=(qemu-system-x86_64
        -name "vz-${own##*/}" -machine q35 -accel "$(accelerator)" -cpu "$(processor)" -smp 2 -m "$memory"
        -nodefaults -no-user-config -display none
        -kernel "$image/vmlinuz" -initrd "$image/initrd.img"
        -append "root=/dev/vda rw console=ttyS0 net.ifnames=0 quiet mitigations=off"
        -drive "$drive,if=none,id=disk,cache=unsafe,discard=unmap" -device virtio-blk-pci,drive=disk
        -netdev user,id=net,ipv6=off,hostfwd=tcp:127.0.0.1:0-:22 -device virtio-net-pci,netdev=net
        -netdev "$(private_network "$own")" -device virtio-net-pci,netdev=link
        -device virtio-rng-pci -device vmgenid,guid=auto
        -serial "file:$own/console.log"
        -chardev "pipe,id=monitor,path=$own/monitor" -mon monitor)
    # Disks that come later go here.
    for port in {1..4}; do
        qemu+=(-device "pcie-root-port,id=slot$port,chassis=$port,slot=$port")
    done
}

# Whether a socket in folder $1 has a name that fits a socket's address.
fits_socket() { ((${#1} <= 90)); }

# The machine's end of a cable: what it sends goes to the socket `peer`, a link that "vm join" makes.
private_network() {
    local own=$1
    if fits_socket "$own"; then
        echo "dgram,id=link,local.type=unix,local.path=$own/link,remote.type=unix,remote.path=$own/peer"
    else
        echo "hubport,id=link,hubid=0"
    fi
}

# Sends command $2 to the monitor of the machine in folder $1, prints the first line of the answer that matches $3.
# The pipes are opened for both directions, so that a dead machine blocks nobody.
monitor() {
    local own=$1 command=$2 pattern=$3 in out line
    exec {in}<>"$own/monitor.in" {out}<>"$own/monitor.out"
    printf '%s\n' "$command" >&"$in"
    while read -r -t 30 -u "$out" line; do
        if [[ $line =~ $pattern ]]; then
            exec {in}>&- {out}>&-
            printf '%s\n' "${line%$'\r'}"
            return 0
        fi
    done
    exec {in}>&- {out}>&-
    return 1
}

# qemu chose a free port itself; nobody can take it in between.
ssh_port() {
    monitor "$1" 'info usernet' 'HOST_FORWARD.* 127\.0\.0\.1 ' | awk '{ print $4 }'
}

# A connection that comes before the guest runs is lost, and qemu's network tries again only after six seconds.
wait_until_running() {
    local own=$1
    until monitor "$own" 'info status' '^VM status:' | grep -q running; do
        is_running "$own" || die "qemu ended: $(cat "$own/qemu.log")"
        sleep 0.05
    done
}

# True if the process that folder $1 names is still the machine of that folder, not a later one with its number.
is_running() {
    local pid
    pid=$(cat "$1/pid" 2>/dev/null) && [[ -n $pid ]] || return 1
    tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF "pipe,id=monitor,path=$1/monitor"
}

end_machine() {
    local own=$1 pid
    is_running "$own" || return 0
    pid=$(<"$own/pid")
    kill -KILL "$pid" 2>/dev/null || true
    while is_running "$own"; do sleep 0.1; done
}

# Sets the array `ssh_options` for the machine with its files in folder $1, image $2, on port $3. The first ssh
# stays as the connection of all others until the machine ends: under emulation a login takes seconds. So the
# ciphers are those that cost least.
ssh_command() {
    ssh_options=(-F none -i "$2/id" -o IdentitiesOnly=yes -o BatchMode=yes -o LogLevel=ERROR
        -o HostKeyAlias=vm -o UserKnownHostsFile="$2/known_hosts" -o StrictHostKeyChecking=yes
        -o Ciphers=aes128-ctr -o MACs=umac-64-etm@openssh.com
        -o ConnectTimeout=10 -o ServerAliveInterval=30 -o Port="$3")
    # ssh makes the name of the socket longer for a while.
    ! fits_socket "$1/ssh" ||
        ssh_options+=(-o ControlMaster=auto -o ControlPersist=yes -o ControlPath="$1/ssh")
}

# Runs a command in the machine that ssh_command named.
# shellcheck disable=SC2029
in_machine() { ssh "${ssh_options[@]}" root@127.0.0.1 "$@"; }

# Waits at most $1 seconds until the machine with the files in folder $2 answers.
wait_for_ssh() {
    local limit=$((SECONDS + $1)) own=$2
    until ssh "${ssh_options[@]}" -o ConnectTimeout=5 root@127.0.0.1 true </dev/null 2>"$own/ssh.log"; do
        is_running "$own" || die "the machine ended: $(tail -n 3 "$own"/{qemu,console}.log 2>&1)"
        ((SECONDS < limit)) || die "no answer from the machine: $(tail -n 3 "$own"/{ssh,console}.log 2>&1)"
        sleep 0.3
    done
}

wait_for_saving() {
    local own=$1 status=
    until [[ $status == *completed ]]; do
        status=$(monitor "$own" 'info migrate' '^Migration status: ') ||
            die "qemu ended while saving: $(cat "$own/qemu.log")"
        [[ $status != *failed && $status != *cancelled ]] || die "saving the machine's state: $status"
        sleep 0.1
    done
}

# Writes the state of the machine in folder $1 to file $2, from which later machines go on, and ends it. The
# user's manager stays, so that the first login after a start need not wait for it; see adjustments.
save_and_end() {
    local own=$1 state=$2
    in_machine 'loginctl enable-linger && sync && fstrim /' >/dev/null || die "the machine does not come to rest"
    # The machine shall not wake up with an open session: end the connection, and give it time to notice.
    in_machine -O exit 2>/dev/null || true
    sleep 2
    monitor "$own" 'migrate_set_parameter max-bandwidth 8G' . >/dev/null
    monitor "$own" "migrate -d \"exec:cat >'$state'\"" . >/dev/null
    wait_for_saving "$own"
    end_machine "$own"
}
