# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by ./run: PostgreSQL, a process for each connection, and those that work in the background.
#
# The headers that its configure and its build make are in a package, and so are its flags. Debian
# builds in a folder of its own, which is why the name of the source in asserts is as it is here.
packages='postgresql-15 postgresql-client-15 postgresql-server-dev-15'
source=postgresql-15
program=usr/lib/postgresql/15/bin/postgres
depends=''

unit_compile() {
	programs=$work/package/usr/lib/postgresql/15/bin
	mkdir build
	# shellcheck disable=SC2046 # lists of words
	"$suture" record -- gcc $("$programs/pg_config" --cflags) $("$programs/pg_config" --cppflags) \
		-I"$work/package/usr/include/postgresql/15/server" \
		-c ./build/../src/backend/utils/adt/oracle_compat.c -o build/oracle_compat.o
}

# It does not run as root.
as_nobody() {
	if [ "$(id -u)" -eq 0 ]; then
		set -- setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	fi
	LC_ALL=C exec "$@"
}

server_prepare() {
	programs=${target%/*}
	mkdir "$scratch/data"
	[ "$(id -u)" -ne 0 ] || chown 65534 "$scratch/data"
	(as_nobody "$programs/initdb" -D "$scratch/data" -U test -A trust -N --locale=C -E UTF8) &&
		echo 'CREATE TABLE counts (id int PRIMARY KEY, n int)' |
		(as_nobody "$target" --single -D "$scratch/data" postgres)
}

server_start() {
	as_nobody "$target" -D "$scratch/data" -p "$port" -c listen_addresses=127.0.0.1 \
		-c unix_socket_directories= -c fsync=off -c max_connections=50
}
