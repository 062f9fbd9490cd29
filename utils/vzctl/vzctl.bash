# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of vzctl(8); vzcreate(8) uses parts of it.

_vz_etc=${VZ_SYSROOT:-}/etc/vz
_vz_cache=${VZ_SYSROOT:-}/var/lib/vz/template/cache

# Options of the settings that vzctl and vzcreate share. Those for old scripts are accepted and not offered.
_vz_settings="--hostname --nameserver --searchdomain --name --description --onboot --bootorder --disabled
    --restart --console --checkpoint --stop-timeout --root --private --firewall --firewall_policy --firewall_out --firewall_out_policy
    --ram --swap --cpulimit --cpus --cpuunits --cpuweight --cpumask --nodemask --numproc --numfile --numpty --ioprio
    --iolimit --iopslimit --devnodes --devices --features --capability --mount_opts --meminfo --diskspace --diskinodes
    --diskquota"

# Ids and names of all containers, one a line.
_vz_containers() {
    local file
    for file in "$_vz_etc"/conf/*.conf; do
        file=${file##*/} file=${file%.conf}
        [[ $file == [1-9]* && $file != *[!0-9]* ]] && printf '%s\n' "$file"
    done
    for file in "$_vz_etc"/names/*; do
        [[ -L $file ]] && printf '%q\n' "${file##*/}"
    done
}

_vz_templates() {
    local file
    for file in "$_vz_cache"/*.tar*; do
        [[ -e $file ]] || continue
        file=${file##*/}
        printf '%s\n' "${file%.tar*}"
    done
}

_vz_samples() {
    local file
    for file in "$_vz_etc"/conf/ve-*.conf-sample; do
        [[ -e $file ]] || continue
        file=${file##*/ve-}
        printf '%s\n' "${file%.conf-sample}"
    done
}

# Names of network devices of the host, of one kind or all.
_vz_links() { # [KIND]
    ip -o link show ${1:+type "$1"} 2>/dev/null | sed -n 's/^[0-9]*: \([^:@]*\).*/\1/p' | grep -vx 'lo\|venet.*\|veth.*'
}

# Sets COMPREPLY to those of the lines that begin with the word.
_vz_offer() { # WORD LINES
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        [[ -n $line && $line == "$1"* ]] && COMPREPLY+=("$line")
    done <<<"$2"
}

_vz_offer_words() { # WORD WORDS…
    mapfile -t COMPREPLY < <(compgen -W "${*:2}" -- "$1")
}

# Offers values for the option before the word; false if the option takes none.
_vz_value() { # OPTION WORD
    case $1 in
    --ostemplate | --template | -t) _vz_offer "$2" "$(_vz_templates)" ;;
    --config) _vz_offer "$2" "$(_vz_samples)" ;;
    --layout) _vz_offer_words "$2" overlay dir btrfs lvm lvmthin ;;
    --onboot | --disabled | --console | --checkpoint | --dhcp | --diskquota) _vz_offer_words "$2" yes no ;;
    --restart) _vz_offer_words "$2" no on-failure always ;;
    --bindmount_add | --bindmount-add) mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
    --bindmount_del | --bindmount-del) _vz_offer_words "$2" all ;;
    --firewall_policy | --firewall_out_policy) _vz_offer_words "$2" drop accept ;;
    --mac_filter) _vz_offer_words "$2" on off ;;
    --bridge) mapfile -t COMPREPLY < <(compgen -W "none $(_vz_links bridge)" -- "$2") ;;
    --netdev_add) mapfile -t COMPREPLY < <(compgen -W "$(_vz_links)" -- "$2") ;;
    --netif_del) _vz_offer_words "$2" all ;;
    --cpumask) _vz_offer_words "$2" all auto ;;
    --nodemask) _vz_offer_words "$2" all ;;
    --ioprio) _vz_offer_words "$2" 0 1 2 3 4 5 6 7 ;;
    --features) _vz_offer_words "$2" {bridge,fuse,ipgre,ipip,ppp,sit,tun,wireguard}:{on,off} ;;
    --capability) _vz_offer_words "$2" {net_admin,net_raw,sys_admin,sys_ptrace,sys_time}:{on,off} ;;
    --devnodes) _vz_offer_words "$2" {net/tun,fuse}:{rw,none} ;;
    --mount_opts) _vz_offer_words "$2" noatime nosuid nodev noexec ;;
    --meminfo) _vz_offer_words "$2" none ;;
    --setmode) _vz_offer_words "$2" restart ignore ;;
    --nameserver | --searchdomain) _vz_offer_words "$2" inherit ;;
    --ipdel) _vz_offer_words "$2" all ;;
    --root | --private | --target | --dumpfile) mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
    --id | --keep | --take) COMPREPLY=() ;;
    --ipadd | --ip | --userpasswd | --local_uid | --local_gid | --hostname | --name | --description | --bootorder | \
        --netif_add | --ifname | --mac | --host_ifname | --host_mac | --vlan | --gw | --netdev_del | --firewall | --firewall_out | \
        --stop-timeout | --wait-timeout | --ram | --swap | --cpulimit | --cpus | --cpuunits | --cpuweight | --numproc | \
        --numfile | --numpty | --iolimit | --iopslimit | --devices | --diskspace | --diskinodes) COMPREPLY=() ;;
    *) return 1 ;;
    esac
}

# The option and the word to complete, also for "--option=word", which readline hands over in three words.
_vz_option_and_word() { # sets option and word
    word=${COMP_WORDS[COMP_CWORD]}
    option=${COMP_WORDS[COMP_CWORD - 1]}
    [[ $word == "=" ]] && word=""
    [[ $option == "=" ]] && option=${COMP_WORDS[COMP_CWORD - 2]}
    return 0
}

_vzctl_options() { # VERB
    case $1 in
    create) echo "--ostemplate --config --layout --ipadd --local_uid --local_gid $_vz_settings" ;;
    convert) echo "--layout --dry-run" ;;
    destroy | delete) echo "--dry-run" ;;
    rebase) echo "--ostemplate --keep --take --dry-run" ;;
    set) echo "--save --setmode --force --ipadd --ipdel --bindmount_add --bindmount_del --netif_add --netif_del --ifname --mac --host_ifname
        --host_mac --bridge --vlan --mac_filter --gw --dhcp --netdev_add --netdev_del --userpasswd --crypted --reset_ub
        --offline-resize --applyconfig --ostemplate $_vz_settings" ;;
    start) echo "--wait --wait-timeout --force --skip-remount" ;;
    stop) echo "--fast --skip-umount" ;;
    restart) echo "--wait --wait-timeout --force --skip-remount --fast --skip-umount" ;;
    suspend | chkpnt) echo "--dumpfile --suspend --dump --resume --kill" ;;
    resume | restore) echo "--dumpfile --undump --resume --kill --skip-remount" ;;
    enter) echo "--exec" ;;
    snapshot) echo "--id --name --description --skip-config" ;;
    snapshot-switch) echo "--id --skip-resume --must-resume --skip-config --dry-run" ;;
    snapshot-delete) echo "--id --dry-run" ;;
    snapshot-umount) echo "--id" ;;
    snapshot-mount) echo "--id --target" ;;
    snapshot-list) echo "--id --no-header --output --list --json" ;;
    esac
    echo "--help"
}

_vzctl() {
    local option word at=1 verb container
    local verbs="create destroy delete start stop restart status suspend chkpnt resume restore check mount umount set enter console exec exec2 exec3 runscript
        convert rebase quotaon quotaoff quotainit snapshot snapshot-switch snapshot-delete snapshot-mount snapshot-umount snapshot-list"
    _vz_option_and_word
    while [[ $at -lt $COMP_CWORD && ${COMP_WORDS[at]} == -* ]]; do at=$((at + 1)); done
    verb=${COMP_WORDS[at]} container=$((at + 1))
    if [[ $at -eq $COMP_CWORD && $word == -* ]]; then
        _vz_offer_words "$word" --quiet --verbose --skiplock --help --version
    elif [[ $at -eq $COMP_CWORD ]]; then
        _vz_offer_words "$word" "$verbs"
    elif [[ $COMP_CWORD -eq $container && $word != -* ]]; then
        [[ $verb == create ]] || _vz_offer "$word" "$(_vz_containers)"
    elif [[ $verb == console && $word != -* ]]; then
        _vz_offer_words "$word" console tty1 tty2 tty3 tty4
    elif [[ $verb == runscript ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    elif ! _vz_value "$option" "$word"; then
        _vz_offer_words "$word" "$(_vzctl_options "$verb")"
    fi
}
complete -F _vzctl vzctl
