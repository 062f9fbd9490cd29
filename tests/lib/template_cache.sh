# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Ready templates for tests. They are built once and kept in $VZ_CACHE_DIR (default: .cache of the checkout) until
# something changes that goes into them.
#
#   . "$VZ_SOURCE_DIR/tests/lib/template_cache.sh"
#   archive=$(template_archive debian-13-x86_64-minimal)    # its manifest lies beside it

template_key() {
    local top=$VZ_SOURCE_DIR
    cat "$top"/templates/recipes/* "$top"/templates/lib/{build,clean,sources,sources_text}.cpp \
        "$top"/utils/lib/archive/{pack,zstd_file,entry_attributes}.cpp | sha256sum | cut -c 1-12
}

# A test in a sandbox has a network that leads nowhere; packages come over that of the process which made the sandbox.
with_machine_network() {
    if [ -z "${VZ_MACHINE_PID:-}" ]; then
        "$@"
    else
        nsenter --target "$VZ_MACHINE_PID" --net "$@"
    fi
}

template_archive() { # NAME: prints the path of NAME.tar.zst; whoever comes second waits for the first
    local name=$1 folder
    folder=${VZ_CACHE_DIR:-$VZ_SOURCE_DIR/.cache}/templates/$(template_key)
    mkdir -p "$folder"
    (flock 9 && template_cached "$name" "$folder") 9>"$folder/lock" && echo "$folder/$name.tar.zst"
}

template_cached() { # NAME FOLDER
    local root=$2/root
    [ ! -e "$2/$1.tar.zst" ] || return 0
    mkdir -p "$root/etc/vz"
    cp "$VZ_SOURCE_DIR/utils/conf/vz.conf" "$root/etc/vz/"
    VZ_SYSROOT=$root with_machine_network vztemplate build --quiet --recipe-dir "$VZ_SOURCE_DIR/templates/recipes" \
        "$1" >&2 || return
    ln -f "$root/var/lib/vz/template/cache/$1.json" "$2/"
    ln -f "$root/var/lib/vz/template/cache/$1.tar.zst" "$2/"
}
