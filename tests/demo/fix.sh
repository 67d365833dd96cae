# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by ./demo: part 1, a real fix for a server that we built ourselves.
#
# Debian's redis carries the fixes as patches in debian/patches. The tree is taken back to the state
# before one of them; the very same patch file then becomes the live patch.
#
# The fix is that of CVE-2024-51741: the server accepts an access rule that names no permission, and
# ends itself when the rule is looked at later. Shown here is only that it is accepted; the user is
# deleted at once.

fix=0002-Fix-Read-Write-key-pattern-selector-CVE-2024-51741-1.patch

# unfix TREE: takes Debian's patches off again, from the last one to $fix.
unfix() {
	grep -q "^$fix\$" "$1/debian/patches/series" || die "Debian's redis has no $fix any more"
	grep -v '^#' "$1/debian/patches/series" | sed -n "/^$fix\$/,\$p" | tac |
		while read -r name; do
			patch -R -s -p1 -d "$1" < "$1/debian/patches/$name" || exit 1
		done
}

bad_rule() {
	answer=$(ask ACL SETUSER demo % 2>&1)
	[ "$answer" != OK ] || ask ACL DELUSER demo > /dev/null
	echo "$answer" | head -n 1
}

show_vulnerable() {
	expect "a bad rule on the old code" OK "$(bad_rule)"
	step "ACL SETUSER demo %  -> OK; looking at the rule would now end the server"
}

show_fixed() {
	expect "a bad rule on the new code" \
		"ERR Error in ACL SETUSER modifier '%': Syntax error" "$(bad_rule)"
	step "ACL SETUSER demo %  -> ERR Error in ACL SETUSER modifier '%': Syntax error"
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

fix_part() {
	title "1. redis $version from Debian's source, without one of its fixes"
	fix_build
	server_start "$work/redis/src"
	step "server: pid $server, loopback port $port"
	title "2. The hole is there"
	show_vulnerable
	title "3. Debian's patch becomes a live patch"
	ln -s "redis/debian/patches/$fix" "$work/fix.patch"
	shown create --name acl-selector --fixes CVE-2024-51741 --target redis/src/redis-server \
		--source redis --patch fix.patch -o acl-selector.sut
	shown inspect acl-selector.sut
	title "4. Applied to the running server, under load"
	apply_under_load acl-selector.sut
	show_fixed
	title "5. Reverted: the old code again, still the same process"
	revert_under_load acl-selector
	show_vulnerable
	apply_when_idle acl-selector.sut
	end_process "$server"
}
