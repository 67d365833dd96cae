# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by ./run: memcached, four threads and its helpers.
packages=memcached
source=memcached
program=usr/bin/memcached
depends='libevent-dev libsasl2-dev libssl-dev'

unit_compile() {
	debian_flags
	./configure --enable-sasl --enable-tls &&
		"$suture" record -- make AUTOCONF=: AUTOMAKE=: ACLOCAL=: AUTOHEADER=: \
			memcached-proto_text.o
}

server_start() {
	exec "$target" -u root -l 127.0.0.1 -p "$port" -U 0 -t 4
}
