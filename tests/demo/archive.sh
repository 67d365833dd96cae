# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by ./demo: sources and packages from the Debian archive this machine is configured for.
#
# apt runs with lists, cache and sources of its own, so nothing on the machine changes. The mirror
# and the keyring are those of the machine's configuration, and apt verifies what it fetches: the
# release's signature, the hash of the index, the hash of each file.

# Debian's own entries of the machine, for sources and packages: those of this release's suites.
archive_entries() {
	# shellcheck disable=SC1091
	codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
	for file in /etc/apt/sources.list.d/*.sources; do
		[ ! -f "$file" ] || sed '$G' "$file"
	done | awk -v codename="$codename" '
		BEGIN { RS = ""; FS = "\n" }
		{
			ours = components = 0
			for (i = 1; i <= NF; i++) {
				if ($i ~ /^Types:/ && $i !~ /deb([ \t]|$)/)
					next
				if ($i ~ "^Suites:[ \t]*" codename)
					ours = 1
				if ($i ~ /^Components:.*main/)
					components = 1
				sub(/^Types:.*/, "Types: deb deb-src", $i)
				sub(/^Components:.*/, "Components: main", $i)
			}
			for (i = 1; ours && components && i <= NF; i++)
				print $i
			print ""
		}' > "$1/machine.sources"
	cat /dev/null /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
		awk -v codename="$codename" '
		/^deb[ \t]/ {
			options = match($0, /\[[^]]*\]/) ? substr($0, RSTART, RLENGTH) : ""
			sub(/\[[^]]*\]/, "")
			if (index($3, codename) == 1 && / main([ \t]|$)/) {
				print "deb", options, $2, $3, "main"
				print "deb-src", options, $2, $3, "main"
			}
		}' > "$1/machine.list"
	[ -s "$1/machine.sources" ] || [ -s "$1/machine.list" ]
}

# archive_open DIRECTORY LOG: refreshes the lists in DIRECTORY, which may be kept between runs.
archive_open() {
	archive=$1
	mkdir -p "$archive/lists/partial" "$archive/cache/archives/partial" "$archive/parts"
	archive_entries "$archive/parts" || die "no Debian archive is configured for apt on this machine"
	cat > "$archive/apt.conf" <<-END
		Dir::Etc::sourcelist "/dev/null";
		Dir::Etc::sourceparts "$archive/parts";
		Dir::State::lists "$archive/lists";
		Dir::Cache "$archive/cache";
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
	END
	quietly "$2" env APT_CONFIG="$archive/apt.conf" apt-get update
}

archive_apt() {
	(cd "$archive" && APT_CONFIG="$archive/apt.conf" "$@")
}

# archive_version PACKAGE: what apt would install of a package of this architecture.
archive_version() {
	archive_apt apt-cache policy "$1" | sed -n 's/^ *Candidate: //p'
}

# archive_source SOURCE VERSION DIRECTORY: the unpacked source, Debian's patches applied.
archive_source() {
	archive_apt apt-get source --download-only "$1=$2" &&
		dpkg-source -x "$archive/$1_${2#*:}.dsc" "$3"
}

# archive_unpack PACKAGE VERSION DIRECTORY: the files of a package, without installing it.
archive_unpack() {
	archive_apt apt-get download "$1=$2" &&
		dpkg-deb -x "$archive/$1_$(echo "$2" | sed 's/:/%3a/')_$(dpkg --print-architecture).deb" "$3"
}
