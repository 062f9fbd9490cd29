#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154 # words for a shell inside; out and err are set by expect
# Check 13, and pitfall #2056: what a template's files carry besides content (file capabilities, ACLs, attributes, holes, hard links) is there
# in the private area, seen from inside the container, and after a first change in it, with both layouts.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"
need_programs setcap getcap setfacl getfacl setfattr getfattr setpriv truncate
sandbox "$0" "$@"

tiny_programs+=(cksum cut du getcap getfacl getfattr setpriv)

# The files of interest, in FOLDER.
make_files() {
    local folder=$1
    mkdir "$folder"
    cp /bin/cat "$folder/reader"
    setcap cap_dac_read_search=ep "$folder/reader"
    echo secret >"$folder/secret"
    chmod 600 "$folder/secret"
    echo shared >"$folder/shared"
    chmod 640 "$folder/shared"
    setfacl -m u:1000:r,g:4:r "$folder/shared"
    mkdir "$folder/team"
    setfacl -m d:u:1000:rwx -m g:2000:rx "$folder/team"
    setfattr -n user.note -v kept "$folder/shared" "$folder/team"
    # 64 MiB with data at the beginning and in the middle; the end is a hole.
    echo begin >"$folder/holes"
    echo middle | dd of="$folder/holes" bs=1M seek=32 conv=notrunc status=none
    truncate -s 64M "$folder/holes"
    echo one >"$folder/first"
    ln "$folder/first" "$folder/second"
    touch -d @1000000000 "$folder/first"
    cp /bin/cat "$folder/setid"
    chown 1000:2000 "$folder/setid"
    chmod 6755 "$folder/setid"
}

# What must be the same wherever one looks, as a script for any shell: $1 is the folder.
readonly facts='cd "$1" || exit
getcap reader
getfacl -cpn shared team
getfattr -d shared team
stat -c "%n %h %Y" first second
[ first -ef second ] && echo linked
stat -c "%n %a %u:%g" setid secret shared team
stat -c "%n %s" holes
[ "$(du -k holes | cut -f1)" -le 8192 ] && echo sparse
cksum <holes'

pack_with_attributes() { # TREE NAME TAR-OPTION…
    local tree=$1 name=$2
    shift 2
    tar --numeric-owner --xattrs --xattrs-include='*' --acls "$@" -C "$tree" -cf - . |
        zstd -qf -o "/var/lib/vz/template/cache/$name.tar.zst"
}

inside() { vzctl exec2 101 sh -s /f <<<"$facts" 2>&1; }

used_inside() { # LAYOUT
    local as_user="setpriv --reuid 1000 --regid 1000 --clear-groups"
    expect 0 vzctl exec2 101 "$as_user /f/reader /f/secret"
    equal "13: $1: the file capability works inside" secret "$out"
    expect 1 vzctl exec2 101 "$as_user cat /f/secret"
    expect 0 vzctl exec2 101 "$as_user cat /f/shared"
    expect 1 vzctl exec2 101 "${as_user//1000/1001} cat /f/shared"
    check "13: $1: the default ACL is inherited" grep -q '^user:1000:' <<<"$(
        vzctl exec2 101 ': >/f/team/new && getfacl -cpn /f/team/new && rm /f/team/new')"
}

# The first change copies a file from the template into the container.
changed_inside() { # LAYOUT
    expect 0 vzctl exec2 101 'cd /f && for f in reader shared team holes setid secret; do touch $f; done; chmod 750 team'
    expect 0 vzctl exec2 101 'chmod 755 /f/team; cd /f && echo two >>first && touch -d @1000000000 first'
    equal "13: $1: a change through one name is seen through the other" "one two" "$(vzctl exec2 101 cat /f/second | xargs)"
    expect 0 vzctl exec2 101 'cd /f && echo one >first && touch -d @1000000000 first'
    equal "13: $1: the same after changes inside" "$wanted" "$(inside)"
}

checked() { # LAYOUT TEMPLATE
    expect 0 vzctl create 101 --ostemplate "$2" --layout "$1"
    [ "$1" = overlay ] ||
        equal "13: $1: on disk in the private area" "$wanted" "$(sh -s /var/lib/vz/private/101/f <<<"$facts" 2>&1)"
    expect 0 vzctl start 101
    equal "13: $1: seen from inside" "$wanted" "$(inside)"
    used_inside "$1"
    changed_inside "$1"
    expect 0 vzctl stop 101 --fast
    expect 0 vzctl start 101
    equal "13: $1: after another start" "$wanted" "$(inside)"
    expect 0 vzctl stop 101 --fast
    expect 0 vzctl destroy 101
}

# GNU tar writes ACLs with the names that the machine it runs on knows.
account=guest:x:1000:1000::/:/bin/sh
{ echo "$account" && cat /etc/passwd; } >"$VZ_TMP/passwd"
sandbox_replace /etc/passwd "$VZ_TMP/passwd"
tree=$VZ_SANDBOX/tree
tiny_tree "$tree"
echo "$account" >>"$tree/etc/passwd"
echo "adm:x:4:" >>"$tree/etc/group"
make_files "$tree/f"
wanted=$(sh -s "$tree/f" <<<"$facts" 2>&1)
check "the facts are what was made" test "$(grep -cE 'cap_dac_read_search|user:1000:r|user.note|^linked|^sparse' <<<"$wanted")" -ge 7
pack_with_attributes "$tree" sparse -S
check "the archive names the user" grep -q "user:guest:r--" <<<"$(zstdcat /var/lib/vz/template/cache/sparse.tar.zst | tr '\0' '\n')"
checked dir sparse
checked overlay sparse

# An archive that spells the zeros out, as one that vztemplate packed itself.
rm /var/lib/vz/template/cache/*.zst
expect 0 vztemplate import "$tree" --name packed
checked dir packed
checked overlay packed
finish
