# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by ./run: nginx, a master and two workers of another user.
packages=nginx
source=nginx
program=usr/sbin/nginx
depends='libpcre2-dev libssl-dev zlib1g-dev'

unit_compile() {
	debian_flags
	./configure --with-cc-opt="$CFLAGS -fPIC $CPPFLAGS" --with-ld-opt="$LDFLAGS -fPIC" \
		--prefix=/usr/share/nginx --with-compat --with-debug --with-pcre-jit \
		--with-http_ssl_module --with-http_stub_status_module --with-http_realip_module \
		--with-http_auth_request_module --with-http_v2_module --with-http_dav_module \
		--with-http_slice_module --with-threads &&
		"$suture" record -- make -f objs/Makefile \
			objs/src/http/modules/ngx_http_static_module.o
}

server_prepare() {
	mkdir "$scratch/files"
	for last in 1 2 3 4 5; do
		seq "$last" > "$scratch/files/$last"
	done
	cp "$scratch/files/1" "$scratch/files/1~"
	seq 20000 > "$scratch/files/large"
}

server_start() {
	cat > "$scratch/config" <<-END
		daemon off;
		user nobody nogroup;
		worker_processes 2;
		pid $scratch/pid;
		error_log stderr;
		events { }
		http {
			access_log off;
			keepalive_requests 1000000;
			client_body_temp_path $scratch/body;
			proxy_temp_path $scratch/proxy;
			fastcgi_temp_path $scratch/fastcgi;
			uwsgi_temp_path $scratch/uwsgi;
			scgi_temp_path $scratch/scgi;
			server { listen 127.0.0.1:$port; root $scratch/files; }
		}
	END
	exec "$target" -p "$scratch" -c "$scratch/config"
}
