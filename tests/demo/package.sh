# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by ./demo: part 2, the archive's own binary, stripped, as every Debian machine runs it.
#
# Nobody has its build tree. The one file that the patch touches is compiled from Debian's source
# with Debian's flags; that this gives the very code of the archive's binary is not assumed: create
# compares it, function by function, and refuses otherwise.

# As debian/rules has them.
package_flags() {
	DEB_BUILD_MAINT_OPTIONS=hardening=+all \
		DEB_CFLAGS_MAINT_APPEND=-I/usr/include/liblzf \
		DEB_BUILD_PATH=$work/debian dpkg-buildflags --export=sh
}

# The programs are unpacked, not installed: no service starts and nothing stays.
package_unpack() {
	archive_unpack redis-tools "$version" "$work/package" &&
		archive_unpack redis-server "$version" "$work/package"
}

package_compile() {
	(
		eval "$(package_flags)"
		BUILD_TLS=yes "$suture" record --output "$work/debian/compile_commands.json" -- \
			make -C "$work/debian/src" -j2 USE_SYSTEM_JEMALLOC=yes USE_SYSTEMD=yes \
			USE_JEMALLOC=yes DEPENDENCY_TARGETS= db.o
	)
}

long_pattern() {
	ask KEYS "$(printf '%2000s' | tr ' ' x)" 2>&1 | head -n 1
}

package_part() {
	title "6. Debian's own redis-server $version: stripped, its build tree long gone"
	quietly "$work/unpack.log" package_unpack || exit 1
	quietly "$work/compile.log" package_compile || exit 1
	server_start "$work/package/usr/bin"
	step "server: pid $server, loopback port $port"
	expect "a pattern of 2000 bytes on the old code" "" "$(long_pattern)"
	step "KEYS xxx... (2000 x)  -> searched for"
	title "7. A patch of our own, proven against the binary, and applied"
	cp tests/demo/keys-limit.patch "$work"
	shown create --name keys-limit --target package/usr/bin/redis-server --source debian \
		--patch keys-limit.patch -o keys-limit.sut
	apply_under_load keys-limit.sut
	expect "a pattern of 2000 bytes on the new code" \
		"ERR the pattern is longer than 1024 bytes" "$(long_pattern)"
	step "KEYS xxx... (2000 x)  -> ERR the pattern is longer than 1024 bytes"
	title "8. Reverted"
	revert_under_load keys-limit
	expect "a pattern of 2000 bytes on the old code" "" "$(long_pattern)"
	step "KEYS xxx... (2000 x)  -> searched for"
	apply_when_idle keys-limit.sut
	end_process "$server"
}
