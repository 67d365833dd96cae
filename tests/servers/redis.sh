# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by ./run: redis, its event loop, two more threads that read and write, and three helpers.
packages='redis-server redis-tools'
source=redis
program=usr/bin/redis-server
depends='libssl-dev libsystemd-dev libjemalloc-dev liblzf-dev'
patch=$top/tests/demo/keys-limit.patch

unit_compile() {
	DEB_CFLAGS_MAINT_APPEND=-I/usr/include/liblzf debian_flags
	BUILD_TLS=yes "$suture" record -- make -C src USE_SYSTEM_JEMALLOC=yes USE_SYSTEMD=yes \
		USE_JEMALLOC=yes DEPENDENCY_TARGETS= db.o
}

server_start() {
	exec "$target" --bind 127.0.0.1 --port "$port" --save '' --appendonly no --dir "$scratch" \
		--io-threads 3
}
