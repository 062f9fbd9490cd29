#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a backup takes: vzbackup beside tar | zstd -3, borg and restic (those that are installed), on the same stopped
# container of layout dir: a Debian with some 240 MB more of this machine's libraries. Prints seconds, the best of RUNS
# (3) where a thing can be done again, and sizes. By hand, as root, with the tools installed or first in PATH:
#
#   tests/bench/backup.sh [ARCHIVE]     a debian-13-x86_64-minimal template; default: built or taken from the cache
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export VZ_SOURCE_DIR=${VZ_SOURCE_DIR:-$(dirname "$(dirname "$here")")}
export VZ_TMP=${VZ_TMP:-$(mktemp -d /var/tmp/vz-bench.XXXXXX)}
[ $# -eq 0 ] || export VZ_TEMPLATE_ARCHIVE=$1
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
sandbox "$0" "$@"
sandbox_template
runs=${RUNS:-3}
files=/var/lib/vz/private/101
export BORG_PASSPHRASE=bench RESTIC_PASSWORD=bench BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes HOME=$VZ_TMP

# All is in the page cache, and nothing waits to be written.
settle() { sync; find "$files" -type f -exec cat '{}' + >/dev/null; }

took() { # COMMAND…: seconds
    local from=${EPOCHREALTIME/./}
    "$@" >"$VZ_TMP/out" 2>&1 || { echo "failed: $*: $(tail -n 3 "$VZ_TMP/out")" >&2; echo -; return; }
    sync
    awk -v us="$((${EPOCHREALTIME/./} - from))" 'BEGIN {printf "%.2f\n", us / 1e6}'
}
best() { # COMMAND…; before each run "again" if it is a function
    local n
    for ((n = 0; n < runs; n++)); do
        [ "$(type -t again)" != function ] || again
        took "$@"
    done | sort -n | head -n 1
}
megabytes() { du -sk "$@" | awk '{sum += $1} END {printf "%.0f", sum / 1024}'; }
row() { printf '%-28s %10s %10s %10s %10s\n' "$@"; }
there() { command -v "$1" >/dev/null; }

make_container() {
    vzctl --quiet create 101 --layout dir && rm -rf /var/lib/vz/dump && mkdir -m 700 /var/lib/vz/dump || exit 1
    mkdir "$files/srv/more"
    find /usr/lib /usr/share -xdev -type f -size -4M -printf '%s %p\0' | LC_ALL=C sort -z -k 2 |
        awk -v RS='\0' -v ORS='\0' '{sum += $1} sum < 240e6 {sub(/^[0-9]+ /, ""); print}' |
        tar -c --null -T - 2>/dev/null | tar -C "$files/srv/more" -x
    chown -R "$(stat -c %u:%g "$files/etc")" "$files/srv/more"
    echo "$(megabytes "$files") MB, $(find "$files" | wc -l) files"
}

change() { head -c 5000000 /dev/urandom >"$files/srv/changed"; }

tar_zstd() { tar -C "$files" --acls --xattrs -c . | zstd -q -3 -T0 -f -o "$VZ_TMP/all.tar.zst"; }
tar_back() { rm -rf "$VZ_TMP/back"; mkdir "$VZ_TMP/back"; zstd -qdc "$VZ_TMP/all.tar.zst" | tar -C "$VZ_TMP/back" --acls --xattrs -xp; }
borg_make() { (cd "$files" && borg create "$VZ_TMP/borg::{now:%s%f}" .); }
borg_back() { rm -rf "$VZ_TMP/back"; mkdir "$VZ_TMP/back"; (cd "$VZ_TMP/back" && borg extract "$VZ_TMP/borg::$(borg list --short --last 1 "$VZ_TMP/borg")"); }
restic_make() { (cd "$files" && restic -q -r "$VZ_TMP/restic" backup .); }
restic_back() { rm -rf "$VZ_TMP/back"; restic -q -r "$VZ_TMP/restic" restore latest --target "$VZ_TMP/back"; }
vz_back() { vzctl --quiet destroy 102 2>/dev/null; vzrestore 101 102 --layout dir; }

make_container
settle
if there borg; then again() { rm -rf "$VZ_TMP/borg"; borg init -e none "$VZ_TMP/borg"; }; borg_first=$(best borg_make); else borg_first=-; fi
if there restic; then again() { rm -rf "$VZ_TMP/restic"; restic -q -r "$VZ_TMP/restic" init; }; restic_first=$(best restic_make); else restic_first=-; fi
again() { rm -rf /var/lib/vz/dump/*; }
ours_first=$(best vzbackup --quiet 101)
unset -f again
row "seconds" vzbackup "tar|zstd" borg restic
row "first" "$ours_first" "$(best tar_zstd)" "$borg_first" "$restic_first"
row "nothing has changed" "$(best vzbackup --quiet 101)" - "$(there borg && best borg_make || echo -)" "$(there restic && best restic_make || echo -)"
again() { change; sync; }
row "5 MB have changed" "$(best vzbackup --quiet 101)" - "$(there borg && best borg_make || echo -)" "$(there restic && best restic_make || echo -)"
unset -f again
tar_zstd
row "all of it restored" "$(best vz_back)" "$(best tar_back)" "$(there borg && best borg_back || echo -)" "$(there restic && best restic_back || echo -)"
rm -rf /var/lib/vz/dump/* "$VZ_TMP/borg" "$VZ_TMP/restic"
vzbackup --quiet 101 >/dev/null
there borg && borg init -e none "$VZ_TMP/borg" && borg_make
there restic && restic -q -r "$VZ_TMP/restic" init && restic_make
row "MB of one backup" "$(megabytes /var/lib/vz/dump)" "$(megabytes "$VZ_TMP/all.tar.zst")" \
    "$(there borg && megabytes "$VZ_TMP/borg" || echo -)" "$(there restic && megabytes "$VZ_TMP/restic" || echo -)"
vzctl --quiet destroy 102
vzctl --quiet destroy 101
rm -rf "$VZ_TMP"
