# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Steps of a longer job: one line each, with elapsed time, and a moving bar on a terminal. What a step prints goes
# to the file $step_log; its end is shown if the step fails.

step_log=/dev/null
step_total=0
step_number=0
step_child=""

steps_begin() { # COUNT LOGFILE
    step_total=$1
    step_log=$2
    step_number=0
    mkdir -p "$(dirname "$step_log")"
    : >"$step_log"
    trap 'steps_interrupted 130' INT
    trap 'steps_interrupted 143' TERM HUP
}

steps_interrupted() { # STATUS
    [ -z "$step_child" ] || kill -TERM -- "-$step_child" 2>/dev/null
    printf '\ninterrupted; run the same command again to go on\n' >&2
    exit "$1"
}

step_clock() { # SECONDS
    printf '%d:%02d' $(($1 / 60)) $(($1 % 60))
}

# "12/140" as compilers' and packages' progress looks in the log, as a bar.
step_bar() {
    local finished total
    read -r finished total < <(tail -c 2000 "$step_log" | grep -aoE '\[ *[0-9]+/[0-9]+\]' | tail -n 1 | tr -c '0-9\n' ' ')
    [ "${total:-0}" -gt 0 ] || return 0
    local width=$((finished * 20 / total))
    printf '[%-20s]' "$(printf '%*s' "$width" '' | tr ' ' '#')"
}

step_watch() { # TEXT STARTED
    local columns
    while kill -0 "$step_child" 2>/dev/null; do
        columns=$(tput cols 2>/dev/null || echo 80)
        printf '\r\033[K%.*s' "$((columns - 1))" \
            "$(printf '[%d/%d] %-34s %6s %s' "$step_number" "$step_total" "$1" "$(step_clock $((SECONDS - $2)))" "$(step_bar)")"
        sleep 0.5
    done
    printf '\r\033[K'
}

step_failed() { # TEXT
    {
        echo
        echo "This step failed: $1. The end of $step_log:"
        tail -n 20 "$step_log" | cut -c 1-200 | sed 's/^/    /'
    } >&2
    exit 1
}

# Runs COMMAND in the background with its output in the log, and without the lock that our caller holds on 9 while it
# lives; the one on 8 goes along.
step() { # TEXT COMMAND…
    local text=$1 started=$SECONDS status=0
    shift
    step_number=$((step_number + 1))
    echo "== $text" >>"$step_log"
    set -m
    "$@" >>"$step_log" 2>&1 </dev/null 9>&- &
    step_child=$!
    set +m
    [ -t 1 ] && step_watch "$text" "$started"
    wait "$step_child" || status=$?
    step_child=""
    [ "$status" -eq 0 ] || step_failed "$text"
    printf '[%d/%d] %-34s %6s\n' "$step_number" "$step_total" "$text" "$(step_clock $((SECONDS - started)))"
}
