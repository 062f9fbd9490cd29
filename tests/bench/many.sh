#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What many containers cost: makes DEFINED (200) on an overlay, starts RUNNING (50) of them together, and prints times,
# memory and how much of it they share. By hand, as root, with the tools installed or first in PATH:
#
#   tests/bench/many.sh [ARCHIVE]       a debian-13-x86_64-minimal template; default: built or taken from the cache
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export VZ_SOURCE_DIR=${VZ_SOURCE_DIR:-$(dirname "$(dirname "$here")")}
export VZ_TMP=${VZ_TMP:-$(mktemp -d)}
[ $# -eq 0 ] || export VZ_TEMPLATE_ARCHIVE=$1
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
sandbox "$0" "$@"
sandbox_template
defined=${DEFINED:-200} running=${RUNNING:-50}

now() { date +%s%N; }
row() { printf '%-46s %10s %s\n' "$@"; }                           # WHAT VALUE UNIT
each() { awk -v ns="$(($(now) - $1))" -v count="$2" 'BEGIN {printf "%.1f", ns / 1e6 / count}'; } # SINCE COUNT: ms
available() { awk '/^MemAvailable:/ {print $2}' /proc/meminfo; }
processes_of() { # CTID: from its init down
    local init
    init=$(sed -n 's/.*"init": *\([0-9]*\).*/\1/p' "/run/vz/ct/$1/runtime.json")
    pgrep --ns "$init" --nslist pid .
}
# The sum over all processes of the containers, in MB: of what they have mapped, or of their share of it.
mapped() { # Rss|Pss
    local ctid pid
    for ctid in $(vzlist -Ho ctid); do
        for pid in $(processes_of "$ctid"); do cat "/proc/$pid/smaps_rollup" 2>/dev/null; done
    done | awk -v what="$1:" '$1 == what {sum += $2} END {printf "%d", sum / 1024}'
}

vzctl --quiet create 1000 && vzctl --quiet destroy 1000 # the shared tree is extracted once
start=$(now)
for ((i = 0; i < defined; i++)); do vzcreate --hostname "node$i" $((1000 + i)) >/dev/null || exit 1; done
row "create, of $defined" "$(each "$start" "$defined")" "ms each"
before=$(available)
start=$(now)
seq 1000 $((999 + running)) | xargs -P 4 -n 1 vzctl --quiet start
row "start, $running, four at a time" "$(each "$start" "$running")" "ms each"
for ((i = 0; i < running; i++)); do
    until vzctl exec2 $((1000 + i)) 'systemctl is-system-running' 2>/dev/null </dev/null | grep -qE 'running|degraded'; do
        sleep 0.1
    done
done
row "until all say that they run" "$((($(now) - start) / 1000000000))" s
row "memory of the host, less than before" "$(((before - $(available)) / 1024 / running))" "MB each"
rss=$(mapped Rss) pss=$(mapped Pss)
row "mapped by their processes" "$((rss / running))" "MB each"
row "of which their own or their share" "$((pss / running))" "MB each"
row "disk space of one" "$(du -sk /var/lib/vz/private/1000 | cut -f 1)" KB
row "vzlist -a" "$(s=$(now); vzlist -a >/dev/null; each "$s" 1)" ms
start=$(now)
seq 1000 $((999 + running)) | xargs -P 4 -n 1 vzctl --quiet stop
row "stop, $running, four at a time" "$(each "$start" "$running")" "ms each"
