# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A template of a few files, made from programs of this machine: for tests that create and start hundreds of
# containers. Its init is a shell script that ends when it is asked to halt.
#
#   tiny_tree FOLDER          # the files; may be changed before they are packed
#   tiny_pack FOLDER NAME     # puts the archive of it into the template folder
#   tiny_template NAME        # both

tiny_programs=(cat chmod cp dd env head id ln ls mkdir mkfifo mknod mv readlink rm seq sleep sort stat tail timeout
    touch tr uname wc)

tiny_tree() { # FOLDER
    local tree=$1 program library
    mkdir -p "$tree"/{bin,sbin,dev,etc,proc,root,run,sys,tmp,usr,var}
    for program in "${tiny_programs[@]}" mount; do
        cp -L "$(command -v "$program")" "$tree/bin/"
    done
    cp -L /bin/dash "$tree/bin/sh"
    for library in $(ldd "$tree"/bin/* | grep -o '/[^ ]*' | grep -v "^$tree" | sort -u); do
        mkdir -p "$tree/$(dirname "$library")"
        cp -Ln "$library" "$tree/$library"
    done
    cat >"$tree/sbin/init" <<'INIT'
#!/bin/sh
trap 'exit 0' PWR TERM
while :; do
    sleep 1000 &
    wait
done
INIT
    chmod 755 "$tree/sbin/init"
    echo "root:x:0:0:root:/root:/bin/sh" >"$tree/etc/passwd"
    echo "root:x:0:" >"$tree/etc/group"
    echo "root:*:19000:0:99999:7:::" >"$tree/etc/shadow"
    chmod 640 "$tree/etc/shadow"
    echo "127.0.0.1 localhost" >"$tree/etc/hosts"
    echo tiny >"$tree/etc/hostname"
    chown -R 0:0 "$tree"
}

tiny_pack() { # FOLDER NAME
    mkdir -p /var/lib/vz/template/cache
    tar --numeric-owner --sort=name -C "$1" -cf - . | zstd -qf -o "/var/lib/vz/template/cache/$2.tar.zst"
}

tiny_template() { # NAME
    local tree=$VZ_TMP/tiny-$1
    tiny_tree "$tree"
    tiny_pack "$tree" "$1"
    rm -rf --one-file-system "$tree"
}
