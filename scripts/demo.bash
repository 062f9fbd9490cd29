# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables are set by quickstart
# Part of quickstart: template, container, Apache, page; each function does nothing if its work is done.

check_suitable() {
    local status=0
    vzkernel check || status=$?
    [ "$status" -lt 2 ]
}

make_template() {
    vztemplate info "$template" >/dev/null 2>&1 && return
    vztemplate build "$template" && echo "$template" >>"$state/templates"
}

# An address that nothing on this host knows a way to, but the default route.
free_address() {
    local net address
    for net in 141 142 143 171 172 201; do
        address=10.$net.0.101
        ip route show match "$address" | grep -qv '^default' || { echo "$address" && return; }
    done
    echo "no free private address found" >&2
    return 1
}

# The container gets the name servers of the host; one on the host's loopback it could not reach.
name_servers() {
    local file server
    for file in /etc/resolv.conf /run/systemd/resolve/resolv.conf; do
        [ -r "$file" ] || continue
        awk '$1 == "nameserver" && $2 !~ /^(127\.|::1$)/ {print $2}' "$file"
    done | awk '!seen[$0]++' | head -n 3 | while read -r server; do printf -- '--nameserver\n%s\n' "$server"; done
}

our_container() {
    local ctid
    ctid=$(cat "$state/ctid" 2>/dev/null) && vzctl status "$ctid" | grep -q ' exist ' && echo "$ctid"
}

make_container() {
    our_container >/dev/null && return
    local address ctid
    address=$(free_address) || return
    mapfile -t servers < <(name_servers)
    ctid=$(vzcreate --template "$template" --hostname quickstart --ip "$address" --ram 512M) || return
    echo "$ctid" >"$state/ctid"
    [ "${#servers[@]}" -eq 0 ] || vzctl set "$ctid" "${servers[@]}" --save
}

start_container() {
    local ctid
    ctid=$(our_container) || return
    vzctl status "$ctid" | grep -q ' running' || vzctl start "$ctid" --wait
}

address_of() { vzlist -a -H -o ip "$1" | tr -d ' '; }

page() {
    local ctid
    ctid=$(our_container) && curl -sS --noproxy '*' --max-time 5 "http://$(address_of "$ctid")/"
}

# apt inside goes the way apt of the host goes.
copy_proxy() { # CTID
    local proxy
    proxy=$(apt-config dump --format '%v' Acquire::http::Proxy)
    [ -z "$proxy" ] || printf 'Acquire::http::Proxy "%s";\n' "$proxy" |
        vzctl exec2 "$1" 'cat >/etc/apt/apt.conf.d/80quickstart-proxy'
}

install_apache() {
    local ctid
    page >/dev/null 2>&1 && return
    ctid=$(our_container) || return
    copy_proxy "$ctid" || return
    vzctl exec2 "$ctid" 'export DEBIAN_FRONTEND=noninteractive
        dpkg --configure -a && apt-get update -q &&
        apt-get install -y -q --no-install-recommends -o Dpkg::Use-Pty=0 apache2'
}

fetch_page() {
    local try
    for try in $(seq 20); do
        page >"$work/page.html" && [ -s "$work/page.html" ] && return
        sleep 0.5
    done
    echo "no answer after $try tries"
    return 1
}

title() { sed -n 's:.*<title>\(.*\)</title>.*:\1:p' "$work/page.html"; }
