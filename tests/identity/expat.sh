# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by ./run: the shared library of Debian's expat, in a program of ours that parses with it in
# several threads, which are the load and the judge. Needs autoconf, automake and libtool.
answers=102 # documents and ways to parse them, in expat.c

. "$here/debian.sh"

expat_make() {
	eval "$(dpkg-buildflags --export=sh)"
	./buildconf.sh && ./configure --disable-static --without-docbook --without-tests \
		--without-examples --without-xmlwf &&
		nice "$suture" record -- make -j2 -C lib
}

program_build() {
	tree=$work/expat/expat target=$work/expat/expat/lib/.libs/libexpat.so.1 header=lib/expat.h
	[ -e "$work/built" ] || {
		debian_source expat &&
			(cd "$tree" && quietly "$work/build.log" expat_make) &&
			touch "$work/built" || return
	}
	target=$(realpath "$target") title="libexpat, Debian's $(debian_version expat)"
	gcc -O2 -g -I"$tree/lib" -o "$work/host" "$here/expat.c" "$target" -pthread
}

program_start() {
	rm -f "$work/in" "$work/out"
	mkfifo "$work/in" "$work/out"
	LD_LIBRARY_PATH=$(dirname "$target") nice "$work/host" < "$work/in" > "$work/out" &
	pids=$!
	ours="$ours $pids"
	exec 3> "$work/in" 4< "$work/out"
}

program_ask() {
	echo >&3
	head -n $answers <&4
}

program_load() {
	:
}

program_unload() {
	served='three threads parsed all the time, and compared each result with their first'
	kill -0 "$pids"
}

program_stop() {
	exec 3>&- 4<&-
	wait "$pids"
	status=$?
	ours=$(echo "$ours " | sed "s/ $pids / /")
	[ $status -eq 0 ] || die "the program ended with $status"
}
