# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables are shared with vm
# Part of vm: the image, which is a disk, the state of a machine that booted it, and the keys to that machine.

# An image is good for exactly what it was made from and the qemu that saved its state.
key() {
    {
        declare -f tree_bootstrap build_tree configure_tree make_files save_state save_and_end \
            qemu_command private_network
        qemu-system-x86_64 --version
        printf '%s\n' "$suite" "$memory" "$(accelerator)"
        # shellcheck disable=SC2086  # a list of words
        printf '%s\n' $packages $unwanted
    } | sha256sum | cut -c1-16
}

build_tree() {
    # shellcheck disable=SC2086,SC2016  # a list of words; mmdebstrap's own placeholder
    tree_bootstrap "$suite" "$1" apt --include="$(printf '%s,' $packages)" \
        --customize-hook='chroot "$1" systemctl --quiet enable systemd-networkd' \
        --customize-hook='chroot "$1" systemctl --quiet mask '"$unwanted" {lock}>&-
}

configure_tree() {
    local tree=$1 key=$2
    echo vm >"$tree/etc/hostname"
    printf '127.0.0.1\tlocalhost\n127.0.1.1\tvm\n' >"$tree/etc/hosts"
    echo 'nameserver 10.0.2.3' >"$tree/etc/resolv.conf"
    printf '[Match]\nName=eth0\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n' \
        >"$tree/etc/systemd/network/eth0.network"
    install -d -m 700 "$tree/root/.ssh"
    install -m 600 "$key.pub" "$tree/root/.ssh/authorized_keys"
    # Slow under emulation, and for nothing: qemu gets the file from outside.
    echo update_initramfs=no >"$tree/etc/initramfs-tools/update-initramfs.conf"
    # The tree was made without recommended packages; the machine's own apt behaves as on any Debian.
    sed -i '/Install-Recommends/d' "$tree/etc/apt/apt.conf.d/99mmdebstrap"
}

# Keys, kernel and the disk, each a file beside the tree.
make_files() {
    local image=$1 tree=$1/tree
    ssh-keygen -q -t ed25519 -N '' -C vz-system-test -f "$image/id"
    configure_tree "$tree" "$image/id"
    echo "vm $(cat "$tree/etc/ssh/ssh_host_ed25519_key.pub")" >"$image/known_hosts"
    cp -L "$tree/vmlinuz" "$tree/initrd.img" "$image/"
    truncate -s 16G "$image/disk"
    mke2fs -q -t ext4 -O ^metadata_csum_seed -E lazy_itable_init=1 -L root -d "$tree" "$image/disk"
    rm -rf --one-file-system "$tree"
    echo raw >"$image/format"
}

# Boots the disk once and keeps the state of the machine: later starts go on from there.
save_state() {
    local image=$1 port
    qemu_command "$image" "$image" "file=$image/disk,format=raw"
    setpriv --pdeathsig KILL -- "${qemu[@]}" >"$image/qemu.log" 2>&1 </dev/null {lock}>&- &
    echo $! >"$image/pid"
    disown
    port=$(ssh_port "$image") || die "qemu does not answer: $(cat "$image/qemu.log")"
    ssh_command "$image" "$image" "$port"
    wait_for_ssh 600 "$image"
    in_machine systemctl is-system-running --wait >/dev/null ||
        die "the machine did not start cleanly: $(in_machine systemctl --failed)"
    save_and_end "$image" "$image/state"
    rm -f "$image"/monitor.* "$image"/{pid,qemu.log,ssh.log,ssh,link}
}

# What a killed build left.
remove_unfinished() {
    local old
    for old in "$cache"/new.*; do
        [[ -d $old ]] || continue
        end_machine "$old"
        rm -rf --one-file-system "$old"
    done
}

check_space() {
    local free
    free=$(df --output=avail -BG "$cache" | tail -n 1 | tr -dc 0-9)
    ((free >= 4)) || skip "$cache has $free GiB free, an image needs 4"
}

cmd_check() {
    ((EUID == 0)) || skip "only root can make the machines"
    require qemu-system-x86_64 qemu-img ssh scp ssh-keygen flock setpriv unshare apt-get
}

cmd_build() {
    local image new
    cmd_check
    image=$cache/$(key)
    if [[ ! -d $image ]]; then
        require mmdebstrap mke2fs
        mkdir -p "$machines"
        echo '*' >"$cache/.gitignore"
        take_lock "$cache/build.lock"
        remove_unfinished
        check_space
    fi
    if [[ ! -d $image ]]; then
        [[ -n $(tree_sources "$suite") ]] || skip "apt knows no Debian mirror (after 'apt-get update')"
        say "building the $suite image (some minutes, once)"
        new=$(mktemp -d "$cache/new.XXXXXX")
        build_tree "$new/tree"
        make_files "$new"
        save_state "$new"
        mv -T "$new" "$image"
    fi
    echo "$image"
}

# The image that a machine starts from: the clean one, or what was saved from it under the name $1.
find_image() {
    local image
    image=$(cmd_build)
    [[ -z ${1:-} ]] || image+=.$1
    [[ -d $image ]] || die "no saved image '$1'"
    echo "$image"
}

# What was saved with this label under other keys.
remove_saved() { # IMAGE LABEL
    local old
    for old in "$1.$2".*; do
        [[ ! -d $old ]] || is_used "$old" || rm -rf --one-file-system "$old"
    done
}

# True if a running machine goes on from image $1 or one saved from it.
is_used() {
    local own
    for own in "$machines"/*; do
        if is_running "$own" && [[ $(<"$own/image") == "$1"* ]]; then return 0; fi
    done
    return 1
}

# The disk of a machine stays on top of that of its image; so does what is saved.
cmd_save() {
    local own image base new saved label=${2%%.*}
    [[ ${2:-} =~ ^[a-z0-9-]+\.[a-z0-9]+$ ]] || die "a saved image is called LABEL.KEY, small letters and digits: '${2:-}'"
    find_machine "$1"
    base=${image##*/}
    base=$cache/${base%%.*}
    saved=$base.$2
    [[ ! -d $saved ]] || die "image '$2' exists"
    [[ ! -e $own/data1 ]] || die "a machine with more disks cannot be saved"
    take_lock "$cache/build.lock"
    new=$(mktemp -d "$cache/new.XXXXXX")
    save_and_end "$own" "$new/state"
    mv "$own/disk" "$new/"
    echo qcow2 >"$new/format"
    ln "$image"/{id,known_hosts,vmlinuz,initrd.img} "$new/"
    rm -rf --one-file-system "$own"
    remove_saved "$base" "$label"
    mv -T "$new" "$saved"
}

cmd_saved() {
    local image
    image=$(cmd_build)
    [[ -n ${1:-} && -d $image.$1 ]]
}

cmd_clean() {
    local own image used
    require qemu-system-x86_64 flock
    mkdir -p "$machines"
    take_lock "$cache/build.lock"
    remove_unfinished
    for own in "$machines"/*; do
        is_running "$own" || rm -rf --one-file-system "$own"
    done
    used=$cache/$(key)
    for image in "$cache"/*/state; do
        image=${image%/state}
        [[ $image == "$used" || $image == "$used".* ]] || is_used "$image" || rm -rf --one-file-system "$image"
    done
}
