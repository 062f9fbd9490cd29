# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2016 # words for a shell inside
# For tests of backups: a container with every kind of entry, and what of its files has to come back.

# Container 101 runs.
many_kinds() {
    expect 0 vzctl exec 101 'set -e; cd /srv; mkdir -p deep/er; echo one >deep/er/file; ln deep/er/file link; ln -s ../etc/passwd soft
        mkfifo pipe; truncate -s 5M sparse; printf data | dd of=sparse bs=1 seek=3000000 conv=notrunc 2>/dev/null
        touch -d 1969-12-31T23:59:58.25Z before; touch -d 2200-01-01T00:00:00.123456789Z far; : >empty
        printf "x" >"$(printf "odd\nname\377")"; cp /bin/true cap; chown 33:33 link; chmod 4755 link
        head -c 12000000 /dev/urandom >large; mkdir -m 2770 shared; chgrp 33 shared; for i in $(seq 300); do echo $i >shared/$i; done
        rm -r /usr/share/doc/base-files; mkdir /usr/share/doc/base-files
        chmod 711 /usr/bin/perl' # a file of two names in the template, of which but one is changed
    # The guest has no programs for these.
    local srv=/var/lib/vz/root/101/srv base
    base=$(stat -c %u $srv)
    setfacl -m "u:$((base + 33)):rw" $srv/empty && setfattr -n user.note -v text $srv/empty
    setcap -n "$base" cap_net_raw+ep $srv/cap
}

# All that a backup promises to keep of a container that does not run.
tree_of() { # CTID
    vzctl mount "$1" >/dev/null || return
    tree_in "/var/lib/vz/root/$1"
    vzctl umount "$1" >/dev/null
}
tree_in() { # FOLDER
    (
        cd "$1" || exit
        first=$(stat -c %u etc)
        find . \( -path ./dev -o -path ./run \) -prune -o ! -type s -printf '%U %G %y %m %T@ %l %P\n' |
            awk -v first="$first" '{ if ($1 ~ /^[0-9]+$/) { $1 -= first; $2 -= first } print }'
        find . -type f -print0 | xargs -0 sha256sum
        find . ! -type d ! -type l -printf '%s %P\n'
        find srv -type c -exec stat -c '%n %t %T' '{}' +
        getfattr -Rhdm 'user.|security.cap' . 2>/dev/null | sed 's/^\(security.capability=0sAQAAAwAgAA\).*/\1/' # then its root's id
    ) | LC_ALL=C sort
}

# The archive of a full backup as an upper layer over the template's, by tar and zstd alone; seen in FOLDER/seen.
restored_by_tar() { # ARCHIVE FOLDER
    rm -rf "$2" && mkdir -p "$2"/{lower,upper,work,seen}
    zstdcat "$(dirname "$1")"/template-*.tar.zst | tar -C "$2/lower" --numeric-owner --acls --xattrs --xattrs-include='*' -xp &&
        zstdcat "$1" | tar -C "$2/upper" --numeric-owner --acls --xattrs --xattrs-include='*' -xp &&
        mount -t overlay overlay -o "lowerdir=$2/lower,upperdir=$2/upper,workdir=$2/work" "$2/seen"
}
