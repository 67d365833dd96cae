# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by ./check and ./demo: packages, and builds with a log that is shown only on failure.

say() {
	printf '%s\n' "$*"
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "\"$*\" needs root: run as root or install sudo"
	fi
}

# quietly LOG COMMAND...: the output goes to LOG, and to the screen only when COMMAND fails.
quietly() {
	log=$1
	shift
	if "$@" > "$log" 2>&1 < /dev/null; then
		return 0
	fi
	say "failed: $*" >&2
	tail -n 60 "$log" >&2
	say "(the whole output is in $log)" >&2
	return 1
}

is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

apt_install() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get \
		-o DPkg::Lock::Timeout=600 install -y --no-install-recommends "$@"
}

# install_packages WHO LOG [PACKAGE...]: what tools/packages lists for WHO, and PACKAGE..., unless
# it is there already. The package lists are refreshed only when apt cannot go on without.
install_packages() {
	who=$1 log=$2
	shift 2
	missing=
	for package in $(awk -v who="$who" '!/^#/ && ($2 == who || $2 == "both") { print $1 }' \
		tools/packages) "$@"; do
		is_installed "$package" || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	say "installing$missing"
	# shellcheck disable=SC2086 # a list of words
	if ! apt_install $missing > "$log" 2>&1 < /dev/null; then
		quietly "$log" as_root apt-get update || return 1
		# shellcheck disable=SC2086
		quietly "$log" apt_install $missing || return 1
	fi
}

# build_in DIRECTORY TARGET [MESON-OPTION...]: configures DIRECTORY when it is new, and builds.
build_in() {
	directory=$1 wanted=$2
	shift 2
	if [ ! -f "$directory/build.ninja" ]; then
		quietly "$directory.log" meson setup "$@" "$directory" || return 1
	fi
	quietly "$directory.log" ninja -C "$directory" "$wanted" || return 1
	rm -f "$directory.log"
}
