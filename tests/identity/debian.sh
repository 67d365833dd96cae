# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by ./run: sources from Debian's archive, in the way of the demo.
. "$top/tests/demo/archive.sh"

# debian_source NAME: unpacks the newest source that the archive has into $work/NAME.
debian_source() {
	archive_open "$base/archive" "$work/apt.log" || return
	for version in $(archive_apt apt-cache showsrc "$1" | sed -n 's/^Version: //p' | sort -Vru); do
		rm -rf "${work:?}/$1"
		archive_source "$1" "$version" "$work/$1" > "$work/source.log" 2>&1 && return
	done
	sed 's/^/# /' "$work/source.log"
	return 1
}

debian_version() {
	sed -n '1s/.*(\(.*\)).*/\1/p' "$work/$1/debian/changelog"
}
