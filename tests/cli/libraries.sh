#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a tool loads costs every call time and memory: those that are called all the time load nothing for archives and
# downloads.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
need_programs ldd

heavy='lib(archive|crypto|curl|xml2|icu[a-z]*)\.'
for tool in vzctl vzcreate vzclone vzlist vzfirewall vzhosts vz-hook vz-boot; do
    equal "$tool loads no heavy library" "" "$(ldd "$(command -v "$tool")" | grep -oE "$heavy.*=>" | sort -u)"
done
check "vz-unpack does" grep -qE "$heavy" <<<"$(ldd "$(command -v vz-unpack)")"
finish
