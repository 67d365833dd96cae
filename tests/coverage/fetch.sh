#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/coverage/fetch.sh SOURCE DIRECTORY ARCHIVE: unpacks the newest version of a source package
# that the archive has, without Debian's patches, and prints the version. An index may be ahead of
# its mirror: then the version before is taken.
set -eu
cd "$(dirname "$0")/../.."
. tools/house.sh
. tests/demo/archive.sh

source=$1 tree=$2
mkdir -p "$3"
archive_open "$3" "$3/apt.log"
for version in $(archive_apt apt-cache showsrc --only-source "$source" |
	sed -n 's/^Version: //p' | sort -rV); do
	if archive_apt apt-get source -qq --download-only --only-source "$source=$version" \
		> "$3/source.log" 2>&1; then
		dpkg-source --skip-patches -x "$archive/${source}_${version#*:}.dsc" "$tree" \
			>> "$3/source.log" 2>&1
		echo "$version"
		exit
	fi
done
die "the archive has no source of $source: $(tail -n 3 "$3/source.log")"
