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
        "$top"/utils/lib/archive/{pack,zstd_file,attributes}.cpp | sha256sum | cut -c 1-12
}

# A test in a sandbox has a network that leads nowhere; packages come over that of the process which made the sandbox.
with_machine_network() {
    if [ -z "${VZ_MACHINE_PID:-}" ]; then
        "$@"
    else
        nsenter --target "$VZ_MACHINE_PID" --net "$@"
    fi
}

template_archive() { # NAME: prints the path of NAME.tar.zst
    local name=$1 folder root
    folder=${VZ_CACHE_DIR:-$VZ_SOURCE_DIR/.cache}/templates/$(template_key)
    if [ ! -e "$folder/$name.tar.zst" ]; then
        root=$folder/root
        mkdir -p "$root/etc/vz"
        cp "$VZ_SOURCE_DIR/utils/conf/vz.conf" "$root/etc/vz/"
        VZ_SYSROOT=$root with_machine_network vztemplate build --quiet --recipe-dir "$VZ_SOURCE_DIR/templates/recipes" \
            "$name" >&2 || return
        ln -f "$root/var/lib/vz/template/cache/$name.json" "$folder/"
        ln -f "$root/var/lib/vz/template/cache/$name.tar.zst" "$folder/"
    fi
    echo "$folder/$name.tar.zst"
}
