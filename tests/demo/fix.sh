# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by ./demo: part 1, a real fix for a server that we built ourselves.
#
# Debian's redis carries the fixes as patches in debian/patches. The tree is taken back to the state
# before one of them; the very same patch file then becomes the live patch.
#
# What shows the two holes here is bounded and harms nothing: an ACL rule that should be refused
# and is not (CVE-2024-31227), and a pattern that makes the matcher call itself 2000 deep, a few
# hundred kilobytes of stack, where the fix stops at 1000 (CVE-2024-31228).

fix=0001-Apply-security-fixes-for-CVEs-1113.patch

# unfix TREE: takes Debian's patches off again, from the last one to $fix.
unfix() {
	grep -q "^$fix\$" "$1/debian/patches/series" || die "Debian's redis has no $fix any more"
	grep -v '^#' "$1/debian/patches/series" | sed -n "/^$fix\$/,\$p" | tac |
		while read -r name; do
			patch -R -s -p1 -d "$1" < "$1/debian/patches/$name" || exit 1
		done
}

accepts_bad_rule() {
	answer=$(ask ACL SETUSER demo '%~' 2>&1)
	[ "$answer" != OK ] || ask ACL DELUSER demo > /dev/null
	echo "$answer" | head -n 1
}

deep_pattern_matches() {
	name=$(printf '%2000s' | tr ' ' a)
	ask SET "$name" 1 > /dev/null
	answer=$(ask KEYS "$(printf '%2000s' | sed 's/ /*?/g')")
	ask DEL "$name" > /dev/null
	[ "$answer" = "$name" ] && echo yes || echo no
}

show_vulnerable() {
	expect "ACL SETUSER demo %~ on the old code" OK "$(accepts_bad_rule)"
	step "ACL SETUSER demo %~   -> OK, though the rule names no permission (CVE-2024-31227)"
	expect "the deep pattern on the old code" yes "$(deep_pattern_matches)"
	step "KEYS *?*?*? (2000 x)  -> matched, 2000 calls deep (CVE-2024-31228)"
}

show_fixed() {
	expect "ACL SETUSER demo %~ on the new code" \
		"ERR Error in ACL SETUSER modifier '%~': Syntax error" "$(accepts_bad_rule)"
	step "ACL SETUSER demo %~   -> refused: Syntax error"
	expect "the deep pattern on the new code" no "$(deep_pattern_matches)"
	step "KEYS *?*?*? (2000 x)  -> given up at depth 1000, no match"
}

fix_build() {
	begin=$(now_ms)
	cp -a "$work/debian" "$work/redis"
	quietly "$work/unfix.log" unfix "$work/redis" || exit 1
	quietly "$work/build.log" "$suture" record --output "$work/redis/compile_commands.json" -- \
		make -C "$work/redis/src" -j2 MALLOC=libc redis-server redis-cli redis-benchmark ||
		exit 1
	step "taken back to before $fix, built: $(seconds_since "$begin") s"
}

fix_create() {
	begin=$(now_ms)
	# shellcheck disable=SC2046 # one --fixes for each word
	"$suture" create --name redis-2024-10 --target "$work/redis/src/redis-server" \
		--source "$work/redis" --patch "$work/redis/debian/patches/$fix" \
		$(grep -o 'CVE-[0-9]*-[0-9]*' "$work/redis/debian/patches/$fix" | sort -u |
			sed 's/^/--fixes /') -o "$work/redis-2024-10.sut" ||
		die "the live patch was not made"
	step "(in $(seconds_since "$begin") s, from Debian's patch as it is)"
	"$suture" inspect "$work/redis-2024-10.sut" || die "the patch file cannot be read"
}

fix_part() {
	title "1. redis $version from Debian's source, without one of its fixes"
	fix_build
	server_start "$work/redis/src"
	step "server: pid $server, loopback port $port"
	title "2. The holes are there"
	show_vulnerable
	title "3. Debian's patch becomes a live patch"
	fix_create
	title "4. Applied to the running server, under load"
	apply_under_load "$work/redis-2024-10.sut"
	show_fixed
	title "5. Reverted: the old code again, still the same process"
	revert_under_load redis-2024-10
	show_vulnerable
	expect "the server's process" "$server" "$(server_pid)"
	end_process "$server"
}
