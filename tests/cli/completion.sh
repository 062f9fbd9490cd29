#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the shell completions offer, in a relocated root with two containers, a template and two samples.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"

export VZ_SYSROOT=$VZ_TMP/root
mkdir -p "$VZ_SYSROOT"/etc/vz/{conf,names} "$VZ_SYSROOT/var/lib/vz/template/cache"
touch "$VZ_SYSROOT"/etc/vz/conf/{101,2001}.conf "$VZ_SYSROOT"/etc/vz/conf/{300.conf.destroyed,3x.conf,101.mount} \
    "$VZ_SYSROOT"/etc/vz/conf/ve-{basic,light}.conf-sample \
    "$VZ_SYSROOT"/var/lib/vz/template/cache/debian-13-x86_64-minimal.{tar.zst,manifest}
ln -s ../conf/101.conf "$VZ_SYSROOT/etc/vz/names/web"
ln -s ../conf/2001.conf "$VZ_SYSROOT/etc/vz/names/my web"

shopt -s nullglob
completions=("$VZ_SOURCE_DIR"/{utils,templates,kernel,monitoring}/*/*.bash)
shopt -u nullglob
for file in "${completions[@]}"; do
    # shellcheck source=/dev/null
    . "$file"
done

# What is offered when the last word is to be completed, in one line.
offered() { # WORD…
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    COMPREPLY=()
    "_$1"
    echo "${COMPREPLY[*]}"
}

equal "a verb" "start status stop" "$(offered vzctl st | xargs -n1 | sort | xargs)"
equal "a verb after flags" "restart resume restore rebase" "$(offered vzctl --quiet --skiplock re)"
equal "flags" "--quiet" "$(offered vzctl --q)"
equal "all containers" '101 2001 my\ web web' "$(offered vzctl start "")"
equal "a container by its first letters" "web" "$(offered vzctl --quiet enter w)"
equal "no existing container for create" "" "$(offered vzctl create "")"
equal "options of start" "--wait --wait-timeout --force --skip-remount --help" "$(offered vzctl start 101 --)"
equal "options of stop" "--fast" "$(offered vzctl stop 101 --f)"
equal "options of set" "--ram --reset_ub --restart --root" "$(offered vzctl set 101 --hostname x --r | xargs -n1 | sort | xargs)"
equal "a template" debian-13-x86_64-minimal "$(offered vzctl create 102 --ostemplate d)"
equal "a template after =" debian-13-x86_64-minimal "$(offered vzctl create 102 --ostemplate = d)"
equal "a template right after =" debian-13-x86_64-minimal "$(offered vzctl create 102 --ostemplate =)"
equal "samples" "basic light" "$(offered vzctl create 102 --config "")"
equal "yes or no" "yes no" "$(offered vzctl set 101 --onboot "")"
equal "layouts" "overlay dir btrfs lvm lvmthin" "$(offered vzcreate --layout "")"
equal "nothing for a free value" "" "$(offered vzctl set 101 --hostname "")"
equal "a template of vzcreate" debian-13-x86_64-minimal "$(offered vzcreate -t "")"
equal "options of vzcreate" "--start --stop-timeout" "$(offered vzcreate --st | xargs -n1 | sort | xargs)"
equal "a script of the host" "$VZ_TMP/root" "$(offered vzctl runscript 101 "$VZ_TMP/ro")"

# Every tool's completion offers something for a dash and breaks on no word.
for file in "${completions[@]}"; do
    tool=$(basename "$file" .bash)
    check "$tool has options to offer" grep -q -- --help <<<"$(offered "$tool" -)"
    equal "$tool: a word nobody knows" "" "$(offered "$tool" zzz 2>&1)"
done
finish
