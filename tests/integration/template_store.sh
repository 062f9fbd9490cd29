#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The store by its tool: import, verify, remove, bad archives, kills at many points, and fetch from a server on loopback.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
need_root
need_programs python3 gpg zstd tar

export VZ_SYSROOT=$VZ_TMP/root
store=$VZ_SYSROOT/var/lib/vz/template
mkdir -p "$VZ_SYSROOT"/etc/vz/{conf,keyrings} "$VZ_TMP/web"
cp "$VZ_SOURCE_DIR/utils/conf/vz.conf" "$VZ_SYSROOT/etc/vz/"

make_guest() { # FOLDER TEXT: a system that just has an init and a shell
    mkdir -p "$1"/{sbin,bin,etc,usr/share}
    printf '#!/bin/sh\n' | tee "$1/sbin/init" >"$1/bin/sh"
    chmod 755 "$1/sbin/init" "$1/bin/sh"
    echo "$2" >"$1/etc/motd"
    local i
    for i in $(seq 400); do head -c 3000 /dev/urandom >"$1/usr/share/$i"; done
}

hidden_files() { find "$store" -mindepth 1 -name '.*' ! -name '.*.stamp' -printf '%P\n'; }
motd() { cat "$store/tree/$1@"*/etc/motd; }

# Import, verify, list, info, remove

make_guest "$VZ_TMP/guest" one
tar --numeric-owner -C "$VZ_TMP/guest" -czf "$VZ_TMP/mine-1.tar.gz" .
expect 0 vztemplate import "$VZ_TMP/mine-1.tar.gz"
equal "import prints the name" mine-1 "$out"
equal "the tree is there" one "$(motd mine-1)"
expect 0 vztemplate import "$VZ_TMP/guest" --name folder
expect 0 vztemplate verify mine-1 folder
equal "list prints both" $'folder\nmine-1' "$(vztemplate list -H -o name)"
equal "names go through pipes" $'folder\nmine-1' "$(vztemplate list -H -o name | vztemplate verify -)"
check "info as JSON" python3 -c 'import json,sys; assert json.load(sys.stdin)[0]["tree_ready"]' \
    <<<"$(vztemplate info --json folder)"
check "the folder of the trees is closed" test "$(stat -c %a "$store/tree")" = 700

echo 'VE_TEMPLATE="'"$(basename "$store"/tree/folder@*)"'"' >"$VZ_SYSROOT/etc/vz/conf/101.conf"
expect 1 vztemplate remove folder
expect 0 vztemplate info folder
rm "$VZ_SYSROOT/etc/vz/conf/101.conf"
expect 0 vztemplate remove --dry-run folder
expect 0 vztemplate info folder
expect 0 vztemplate remove folder
expect 91 vztemplate info folder
expect 91 vztemplate remove folder
expect 3 vztemplate verify mine-1 folder

printf x >>"$store"/tree/mine-1@*/usr/share/7
expect 1 vztemplate verify mine-1
check "verify names the file" grep -q "usr/share/7" <<<"$err"
expect 0 vztemplate remove mine-1
equal "nothing is left" "" "$(find "$store" -type f)"

# Bad archives change nothing

expect 0 vztemplate import "$VZ_TMP/mine-1.tar.gz" --name good
before=$(find "$store" | sort)
bad() { # WHAT: the archive bad.tar is refused
    expect 47 vztemplate import "$VZ_TMP/bad.tar"
    equal "$1: one line says why" 1 "$(wc -l <<<"$err")"
    equal "$1: nothing changed" "$before" "$(find "$store" | sort)"
}
head -c 100000 "$VZ_TMP/mine-1.tar.gz" >"$VZ_TMP/bad.tar"
bad "truncated"
{ head -c 100000 "$VZ_TMP/mine-1.tar.gz" && printf 'abcd' && tail -c +100005 "$VZ_TMP/mine-1.tar.gz"; } >"$VZ_TMP/bad.tar"
bad "corrupt"
tar -C "$VZ_TMP/guest" -cf "$VZ_TMP/bad.tar" --transform 's,^\./etc/motd$,../escaped,' -P .
bad "a member with .."
mkdir -p "$VZ_TMP/odd"
cp -a "$VZ_TMP/guest/." "$VZ_TMP/odd/"
ln -s / "$VZ_TMP/odd/link"
tar -C "$VZ_TMP/odd" -cf "$VZ_TMP/bad.tar" .
tar -C "$VZ_TMP/guest" -rf "$VZ_TMP/bad.tar" --transform 's,^\./etc,./link/etc,' ./etc/motd
bad "a member below a link"
tar -C "$VZ_TMP/odd" -cf "$VZ_TMP/bad.tar" .
tar -C "$VZ_TMP/odd" -rf "$VZ_TMP/bad.tar" --transform 's,^\./link,./etc,S' ./link
bad "a folder that becomes a link"
tar -P -cf "$VZ_TMP/bad.tar" "$VZ_TMP/guest/etc/motd"
bad "an absolute name"
cp /bin/true "$VZ_TMP/bad.tar"
bad "not an archive"
: >"$VZ_TMP/bad.tar"
bad "an empty file"
rm "$VZ_TMP/bad.tar" && mkfifo "$VZ_TMP/bad.tar"
expect 47 timeout 10 vztemplate import "$VZ_TMP/bad.tar"
expect 21 vztemplate import "$VZ_TMP/mine-1.tar.gz" --name ../x
expect 2 vztemplate import
expect 2 vztemplate bild
check "a typo gets a hint" grep -q "did you mean build" <<<"$err"

# A full disk: an error with its own number, and nothing half-made

mkdir -p "$VZ_TMP/small/etc/vz/conf"
# shellcheck disable=SC2016 # for the shell inside
(
    unshare --mount --propagation private bash -c '
        mkdir -p "$1/var/lib/vz/template" && mount -t tmpfs -o size=2m none "$1/var/lib/vz/template" || exit 77
        cp "$2/etc/vz/vz.conf" "$1/etc/vz/"
        VZ_SYSROOT=$1 vztemplate import "$3"
        status=$?
        [ -z "$(find "$1/var/lib/vz/template" -type f)" ] || exit 99
        exit "$status"' - "$VZ_TMP/small" "$VZ_SYSROOT" "$VZ_TMP/mine-1.tar.gz"
) 2>"$VZ_TMP/err"
equal "a full disk" 46 "$?"

# Killed at any moment: the old or the new template

expect 0 vztemplate import "$VZ_TMP/mine-1.tar.gz" --name k
make_guest "$VZ_TMP/guest2" two
tar --numeric-owner -C "$VZ_TMP/guest2" -cf - . | zstd -q -o "$VZ_TMP/k.tar.zst"
survived=0
for step in $(seq 0 40); do
    timeout -s KILL "$(awk -v s="$step" 'BEGIN { printf "%.3f", 0.002 + s * 0.012 }')" \
        vztemplate import --quiet "$VZ_TMP/k.tar.zst" --name k >/dev/null 2>&1
    found=$(vztemplate info k --json 2>&1) || { fail "after kill $step: $found"; break; }
    vztemplate verify --quiet k >/dev/null || { fail "verify after kill $step"; break; }
    survived=$((survived + 1))
done
equal "a template is there after each kill" 41 "$survived"
expect 0 vztemplate import "$VZ_TMP/k.tar.zst" --name k
equal "the next run works" two "$(motd k)"
equal "and clears what was left" "" "$(hidden_files)"
equal "no mount is left" "" "$(grep "$VZ_TMP" /proc/self/mountinfo)"

# Fetch: nothing is unpacked before checksum and signature are good; an interrupted download goes on

coproc python3 "$VZ_SOURCE_DIR/tests/helpers/range-server.py" "$VZ_TMP/web"
server=$COPROC_PID
trap 'kill "$server"; gpgconf --kill gpg-agent' EXIT
read -r port <&"${COPROC[0]}"
url=http://127.0.0.1:$port/far.tar.zst
export GNUPGHOME=$VZ_TMP/gnupg
export no_proxy='*'
mkdir -m 700 "$GNUPGHOME"
gpg --batch --quiet --passphrase '' --quick-generate-key tester@example.org ed25519 sign never 2>/dev/null
gpg --batch --export tester@example.org >"$VZ_SYSROOT/etc/vz/keyrings/tester.gpg"
cp "$VZ_TMP/k.tar.zst" "$VZ_TMP/web/far.tar.zst"
sign() { gpg --batch --yes --quiet --detach-sign --armor -o "$VZ_TMP/web/far.tar.zst.asc" "$1"; }

absent() { # WHAT
    equal "$1: no template" "" "$(find "$store" -path '*far*')"
}
expect 1 vztemplate fetch "$url"
absent "no checksum on the server"
(cd "$VZ_TMP/web" && sha256sum far.tar.zst >far.tar.zst.sha256)
expect 1 vztemplate fetch "$url"
check "the lack of a signature is named" grep -q "no-signature" <<<"$err"
absent "no signature"
sign "$VZ_TMP/mine-1.tar.gz"
expect 47 vztemplate fetch "$url"
absent "signature of another file"
sign "$VZ_TMP/web/far.tar.zst"
expect 47 vztemplate fetch "$url" --sha256 "$(sha256sum <"$VZ_TMP/mine-1.tar.gz" | cut -c 1-64)"
absent "wrong checksum"
mv "$VZ_SYSROOT/etc/vz/keyrings/tester.gpg" "$VZ_TMP/tester.gpg"
expect 1 vztemplate fetch "$url"
absent "no keys"
mv "$VZ_TMP/tester.gpg" "$VZ_SYSROOT/etc/vz/keyrings/"

touch "$VZ_TMP/web/cut"
expect 1 vztemplate fetch "$url"
check "the beginning stays for the next run" test -s "$store/cache/.far.part"
rm "$VZ_TMP/web/cut"
expect 0 vztemplate fetch "$url"
equal "fetch prints the name" far "$out"
check "the rest was asked for" grep -q "bytes=[1-9]" "$VZ_TMP/web/ranges"
expect 0 vztemplate verify far
equal "its content" two "$(motd far)"
equal "nothing but the template" "" "$(hidden_files)"
expect 0 vztemplate fetch "$url"
check "a second fetch finds it" grep -q "here already" <<<"$err"

touch "$VZ_TMP/web/cut"
expect 1 vztemplate fetch "$url" --name far2
rm "$VZ_TMP/web/cut"
make_guest "$VZ_TMP/guest3" three
tar --numeric-owner -C "$VZ_TMP/guest3" -cf - . | zstd -q -f -o "$VZ_TMP/web/far.tar.zst"
(cd "$VZ_TMP/web" && sha256sum far.tar.zst >far.tar.zst.sha256)
expect 0 vztemplate fetch "$url" --name far2 --no-signature
equal "a file that changed meanwhile is fetched whole" three "$(motd far2)"
expect 21 vztemplate fetch "http://127.0.0.1:$port/" --no-signature
expect 21 vztemplate fetch "gopher://127.0.0.1/x.tar.gz" --no-signature --sha256 "$(printf %064d 0)"
expect 1 vztemplate fetch "http://127.0.0.1:1/x.tar.gz" --no-signature
finish
