# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by ./run: nginx of Debian's source, its master, two workers and the cache manager,
# with curl as load (the cache loader ends by itself). Every answer, headers included, is compared
# with the one before the first patch. Needs libpcre2-dev, libssl-dev, zlib1g-dev and curl.
# A worker that gets no requests sleeps in the last two.
known='ngx_master_process_cycle ngx_start_worker_processes ngx_start_cache_manager_processes
	ngx_spawn_process ngx_worker_process_cycle ngx_epoll_process_events
	ngx_process_events_and_timers'

. "$here/debian.sh"

nginx_configure() {
	eval "$(DEB_BUILD_MAINT_OPTIONS=hardening=+all dpkg-buildflags --export=sh)"
	./configure --with-cc-opt="$CFLAGS -fPIC $CPPFLAGS" --with-ld-opt="$LDFLAGS -fPIC" \
		--prefix="$work/prefix" --with-threads --with-http_ssl_module --with-http_v2_module \
		--with-http_gunzip_module --with-http_gzip_static_module --with-http_sub_module \
		--with-http_addition_module --with-http_dav_module --with-http_realip_module \
		--with-http_stub_status_module --with-http_auth_request_module \
		--with-http_secure_link_module --with-http_random_index_module --with-stream \
		--with-stream_ssl_module --with-mail
}

program_build() {
	tree=$work/nginx target=$work/nginx/objs/nginx header=src/core/ngx_core.h
	[ -e "$work/built" ] || {
		debian_source nginx || return
		(
			cd "$tree" && quietly "$work/configure.log" nginx_configure &&
				quietly "$work/build.log" nice "$suture" record -- make -j2
		) && touch "$work/built" || return
	}
	title="nginx, Debian's $(debian_version nginx)"
}

nginx_files() {
	rm -rf "$work/prefix" "$work/got"
	mkdir -p "$work/prefix/conf" "$work/prefix/logs" "$work/prefix/html/list" "$work/got"
	cp "$tree/conf/mime.types" "$work/prefix/conf"
	seq 100 > "$work/prefix/html/small.txt"
	seq 100000 > "$work/prefix/html/large.txt"
	echo 'a <!--# include virtual="/small.txt" --> b <!--# if expr="$arg_x = 1" -->one<!--# endif -->' \
		> "$work/prefix/html/page.shtml"
	touch -d 2020-01-01 "$work/prefix/html/list/one" "$work/prefix/html/list/two" "$work"/prefix/html/*
	cat > "$work/prefix/conf/nginx.conf" <<-END
		worker_processes 2;
		user root;
		daemon off;
		pid logs/nginx.pid;
		error_log logs/error.log;
		events { worker_connections 512; }
		http {
			include mime.types;
			access_log logs/access.log;
			proxy_cache_path cache keys_zone=one:1m;
			limit_req_zone \$binary_remote_addr zone=limit:1m rate=10000r/s;
			map \$arg_m \$mapped { default other; ~^a(.*)\$ first-\$1; b second; }
			geo \$where { default abroad; 127.0.0.0/8 here; }
			split_clients \$uri \$split { 50% left; * right; }
			upstream self { server 127.0.0.1:$port; keepalive 4; }
			server {
				listen 127.0.0.1:$port;
				root html;
				gzip_types text/plain;
				location / { limit_req zone=limit burst=100; }
				location /gzip/ { alias html/; gzip on; gzip_min_length 10; }
				location /list/ { autoindex on; }
				location /page { ssi on; sub_filter a c; }
				location ~ ^/re/(.*)x\$ { rewrite ^/re/(.*)x\$ /\$1 break; }
				location = /moved { return 301 /small.txt; }
				location /say { return 200 "\$mapped \$where \$split \$scheme \$args\n"; }
				location /up/ { proxy_pass http://self/; proxy_http_version 1.1;
					proxy_set_header Connection ""; proxy_cache one;
					proxy_cache_valid 1s; }
				location /auth/ { auth_request /small.txt; alias html/; add_after_body /small.txt; }
				location /secret { satisfy any; deny all; }
				location /try { try_files \$uri /small.txt =404; expires 30d; }
				location /put/ { alias got/; dav_methods PUT DELETE; }
			}
		}
	END
}

program_start() {
	port=$(shuf -n 1 -i 20000-60000)
	nginx_files
	"$target" > "$work/server.log" 2>&1 < /dev/null &
	master=$!
	ours="$ours $master"
	for wait in 1 2 3 4 5 6 7 8 9 10; do
		sleep 0.3
		pids=$master
		for child in $(cat /proc/$master/task/$master/children); do
			grep -q 'cache loader' /proc/$child/cmdline || pids="$pids $child"
		done
		[ "$(echo "$pids" | wc -w)" -lt 4 ] || [ "$(get small.txt | wc -l)" -ne 100 ] || return 0
	done
	return 1
}

get() {
	curl -s "http://127.0.0.1:$port/$1"
}

# Status, headers but those that tell the time, and the body.
program_ask() {
	for path in small.txt large.txt gzip/large.txt list/ page.shtml 'page.shtml?x=1' re/small.txtx \
		moved 'say?m=abc' 'say?m=b' up/small.txt up/large.txt up/list/ auth/small.txt secret \
		try/nothing nothing 'bad%zz' up/say; do
		curl -s -i --path-as-is -H 'Accept-Encoding: gzip' "http://127.0.0.1:$port/$path" |
			grep -a -v '^Date:\|^ETag:\|^Expires:' | od -c | md5sum
		curl -s -i -r 5-50 "http://127.0.0.1:$port/$path" | grep -a -v '^Date:\|^ETag:\|^Expires:'
		curl -s -I --http2-prior-knowledge "http://127.0.0.1:$port/$path" | head -n 1
	done | sed "s/:$port/:PORT/g; s/--0*[0-9]*/--BOUNDARY/"
	curl -s -X POST -d x "http://127.0.0.1:$port/small.txt"
	curl -s -T "$work/prefix/html/small.txt" "http://127.0.0.1:$port/put/new"
	curl -s -X DELETE "http://127.0.0.1:$port/put/new" -o /dev/null -w '%{http_code}\n'
}

# fetch FOLDER: a round of parallel requests.
fetch() {
	curl -s -S -f -Z --parallel-max 10 -o "$1/#1.#2" \
		"http://127.0.0.1:$port/{small.txt,large.txt,up/small.txt,re/small.txtx,say}?[1-10]"
}

program_load() {
	mkdir -p "$work/first/up" "$work/first/re" "$work/got/up" "$work/got/re"
	fetch "$work/first" > "$work/load.log" 2>&1
	(
		trap 'exit 0' TERM
		while fetch "$work/got" && diff -r "$work/first" "$work/got"; do
			:
		done >> "$work/load.log" 2>&1
		exit 1
	) &
	load=$!
	ours="$ours $load"
}

program_unload() {
	kill "$load"
	wait "$load" || {
		tail -n 5 "$work/load.log"
		return 1
	}
	ours=$(echo "$ours " | sed "s/ $load / /")
	served="$(wc -l < "$work/prefix/logs/access.log") requests served"
}

program_stop() {
	end "$master"
}
