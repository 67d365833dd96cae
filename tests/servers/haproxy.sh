# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by ./run: haproxy, a master and a worker of four threads and another user, in an empty
# root. Each request passes twice: the one side sends it on to the other, which answers.
packages=haproxy
source=haproxy
program=usr/sbin/haproxy
depends='libpcre2-dev libssl-dev liblua5.3-dev libsystemd-dev'

unit_compile() {
	DEB_LDFLAGS_MAINT_APPEND=-Wl,--as-needed debian_flags
	"$suture" record -- make V=1 IGNOREGIT=true TARGET=linux-glibc USE_SYSTEMD=1 USE_PCRE2=1 \
		USE_PCRE2_JIT=1 USE_OPENSSL=1 USE_SLZ=1 USE_LUA=1 USE_PROMEX=1 \
		LUA_INC=/usr/include/lua5.3 DEBUG_CFLAGS="$CFLAGS $CPPFLAGS" LDFLAGS="$LDFLAGS" \
		src/http_ana.o
}

server_prepare() {
	mkdir "$scratch/empty"
}

server_start() {
	cat > "$scratch/config" <<-END
		global
			chroot $scratch/empty
			user nobody
			group nogroup
			nbthread 4
		defaults
			mode http
			timeout client 60s
			timeout connect 60s
			timeout server 60s
		frontend outside
			bind 127.0.0.1:$port
			default_backend inside
		backend inside
			server one 127.0.0.1:$((port + 1))
		frontend answers
			bind 127.0.0.1:$((port + 1))
			http-request return status 200 content-type text/plain lf-string "path %[path]"
	END
	exec "$target" -W -db -f "$scratch/config"
}
