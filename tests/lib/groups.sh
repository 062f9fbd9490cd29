# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests of limits: a container's own control groups, asked from its init, on hosts with groups of either version.
#
#   init_of 101                                     # its process on the host
#   group_value 101 pids.max                        # content of the first file that exists
#   group_value 101 memory.max memory.limit_in_bytes
#
# And what tests of the settings of container 101 ask again and again.

init_of() { # CTID
    sed -n 's/.*"init": *\([0-9]*\).*/\1/p' "/run/vz/ct/$1/runtime.json"
}

# Where each hierarchy is mounted, and the group in it that holds all of the container.
groups_of() { # CTID
    local _ controllers path mount options
    while IFS=: read -r _ controllers path; do
        path=$(grep -oE '^.*/lxc\.payload[^/]*' <<<"$path") || continue
        while read -r _ _ _ _ mount options; do
            case " $options " in
            *" - cgroup2 "*) [ -z "$controllers" ] && echo "$mount$path" ;;
            *" - cgroup "*) [[ -n $controllers && ,${options##* }, == *,"${controllers%%,*}",* ]] && echo "$mount$path" ;;
            esac
        done </proc/self/mountinfo
    done <"/proc/$(init_of "$1")/cgroup"
}

group_value() { # CTID FILE…
    local ctid=$1 folder file
    shift
    for file; do
        while read -r folder; do
            [ -e "$folder/$file" ] && cat "$folder/$file" && return
        done < <(groups_of "$ctid")
    done
    return 1
}

has_group_file() { group_value "$@" >/dev/null; }

conf=/etc/vz/conf/101.conf
inside() { vzctl exec2 101 "$1" 2>/dev/null; }
saved() { sed -n "s/^$1=\"\(.*\)\"/\1/p" "$conf"; }

until_true() { # COMMAND…: at most 30 s
    for _ in {1..300}; do "$@" && return; sleep 0.1; done
    return 1
}

refuses() { # STATUS OPTION VALUE: nothing changes
    local before
    before=$(cat "$conf")
    expect "$1" vzctl set 101 "$2" "$3" --save
    equal "$2 $3 leaves the configuration alone" "$before" "$(cat "$conf")"
}
