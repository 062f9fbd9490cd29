# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of tree.bash
# A fresh Debian in a folder, with processes, network and control groups of its own, as far as this kernel has
# namespaces for them. Its network leads out by slirp4netns: nothing is set up on this machine. Needs root, and tree.bash.
#
#   fresh_start RELEASE VARIANT FOLDER [INIT]      packages come from this machine's mirror; variants as in mmdebstrap(1);
#                                            INIT is the program of process 1, if it is not to be a mere shell
#   fresh_do COMMAND…                        in it
#   fresh_end                                leaves the folder

fresh_pid="" # of its process 1, as seen from here
fresh_children=()
fresh_groups=()
readonly fresh_path=/usr/sbin:/usr/bin:/sbin:/bin
readonly fresh_settings=(fs/inotify/max_user_instances kernel/keys/maxkeys kernel/keys/maxbytes) # in no namespace

fresh_tree() { # RELEASE VARIANT FOLDER
    local proxy
    proxy=$(tree_proxy)
    tree_sources "$1" | "${tree_enclosed[@]}" mmdebstrap --quiet --variant="$2" --include=ca-certificates \
        --format=directory ${proxy:+--aptopt="$proxy"} "$1" "$3" - || return
    echo nameserver 10.0.2.3 >"$3/etc/resolv.conf"
}

fresh_hierarchies() { awk '$3 ~ /^cgroup2?$/ && $2 ~ "^/sys/fs/cgroup" {print $2, $3}' /proc/mounts; }

# A group in every hierarchy; in a pure one (v2) only a leaf may hold processes.
fresh_make_groups() {
    local on type name
    while read -r on type; do
        on+=/fresh.$$
        mkdir "$on"
        [ ! -e "$on/cpuset.cpus" ] || [ "$type" = cgroup2 ] || for name in cpus mems; do
            cat "${on%/*}/cpuset.$name" >"$on/cpuset.$name"
        done
        [ "$type" = cgroup ] || mkdir "$on/init"
        fresh_groups+=("$on")
    done < <(fresh_hierarchies)
}

fresh_join() { # PID [LEAF]
    local group
    for group in "${fresh_groups[@]}"; do
        [ ! -d "$group/${2:-}" ] || group+=/${2:-}
        echo "$1" >"$group/cgroup.procs"
    done
}

fresh_hand_out_controllers() {
    local group
    for group in "${fresh_groups[@]}"; do
        [ -e "$group/cgroup.subtree_control" ] || continue
        sed 's/[^ ]*/+&/g' "$group/cgroup.controllers" >"$group/cgroup.subtree_control"
    done
}

# pivot_root and not chroot, because no user namespace can be made in a chroot.
readonly fresh_init='
    tree=$1
    hostname fresh
    mount --bind "$tree" "$tree"
    mount -t proc proc "$tree/proc"
    mount -t sysfs sysfs "$tree/sys"
    mount_groups() {
        mount -t tmpfs -o mode=755 cgroup "$tree/sys/fs/cgroup"
        while read -r _ on type options _; do
            case $on:$type in
            /sys/fs/cgroup*:cgroup) options=${options#*relatime,} ;;
            /sys/fs/cgroup*:cgroup2) options=rw ;;
            *) continue ;;
            esac
            mkdir -p "$tree$on"
            mount -t "$type" -o "$options" "$type" "$tree$on"
        done </proc/mounts
    }
    if [ -n "$3" ] || [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then
        mount -t cgroup2 cgroup2 "$tree/sys/fs/cgroup"
    else
        mount_groups
    fi
    mount -t tmpfs -o mode=755 tmpfs "$tree/dev"
    mkdir "$tree/dev/pts" "$tree/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$tree/dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$tree/dev/shm"
    cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty "$tree/dev/"
    ln -s /proc/self/fd "$tree/dev/fd"
    ln -s pts/ptmx "$tree/dev/ptmx"
    for name in stdin:0 stdout:1 stderr:2; do ln -s "fd/${name#*:}" "$tree/dev/${name%:*}"; done
    mount -t tmpfs -o mode=755 tmpfs "$tree/run"
    cd "$tree"
    pivot_root . mnt
    umount -l /mnt
    : >/run/up
    if [ -z "$3" ]; then exec env -i PATH="$2" bash -c "sleep infinity & wait"; fi # it takes care of orphans
    for unit in systemd-udevd.service systemd-udevd-{control,kernel}.socket systemd-udev-trigger.service \
        systemd-{sysctl,timesyncd,modules-load}.service sys-kernel-{debug,tracing}.mount; do
        ln -sf /dev/null "/etc/systemd/system/$unit" # devices, clock and limits are those of this machine
    done
    exec env -i PATH="$2" container=fresh "$3"'

fresh_boot() { # FOLDER INIT
    (
        fresh_join "$BASHPID"
        exec unshare --mount --pid --net --uts --ipc --cgroup --fork --kill-child --propagation private \
            bash -euc "$fresh_init" init "$1" "$fresh_path" "$2" </dev/null
    ) &
    fresh_children+=($!)
    for _ in $(seq 50); do
        read -r fresh_pid <"/proc/$!/task/$!/children" || true
        [ -z "$fresh_pid" ] || [ ! -e "/proc/$fresh_pid/root/run/up" ] || break
        sleep 0.1
    done
    rm "/proc/$fresh_pid/root/run/up" || return
    fresh_join "$!" init
    fresh_join "$fresh_pid" init
    fresh_hand_out_controllers
}

fresh_connect() {
    local ready=$1.ready
    mkfifo "$ready"
    slirp4netns --configure --mtu=1500 --disable-host-loopback --ready-fd=3 "$fresh_pid" tap0 3>"$ready" >/dev/null 2>&1 &
    fresh_children+=($!)
    read -r -N 1 <"$ready" || return
    rm "$ready"
    sleep 2 # until the addresses are found to be nobody else's
}

fresh_remember_settings() {
    local name
    for name in "${fresh_settings[@]}"; do
        [ ! -r "/proc/sys/$name" ] || echo "$name $(cat "/proc/sys/$name")"
    done
}

fresh_start() { # RELEASE VARIANT FOLDER [INIT]
    fresh_remembered=$(fresh_remember_settings)
    fresh_tree "$1" "$2" "$3" && fresh_make_groups && fresh_boot "$3" "${4:-}" && fresh_connect "$3"
}

fresh_do() ( # COMMAND…
    fresh_join "$BASHPID" init
    exec nsenter --target "$fresh_pid" --mount --pid --net --uts --ipc --cgroup --root --wd -- \
        env -i HOME=/root TERM="${TERM:-dumb}" LC_ALL=C.UTF-8 PATH="$fresh_path" "$@"
)

fresh_end() {
    local name value
    # unshare(1) takes no other signal; with it goes every process in the tree.
    [ "${#fresh_children[@]}" -eq 0 ] || { kill -KILL "${fresh_children[@]}" && wait; } 2>/dev/null || true
    for _ in $(seq 20); do # until the last process is gone
        [ -d "${fresh_groups[0]:-}" ] || break
        find "${fresh_groups[@]}" -depth -type d -exec rmdir {} + 2>/dev/null && break
        sleep 0.1
    done
    while read -r name value; do echo "$value" >"/proc/sys/$name"; done <<<"${fresh_remembered:-}"
}
