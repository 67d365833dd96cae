# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by ./run: dnsdist, C++ with threads of its own for connections. A function in Lua answers
# with the question's name; what is thrown while that is printed comes through the interpreter and is
# answered too.
packages=dnsdist
source=dnsdist
program=usr/bin/dnsdist
depends=libboost-dev

# Of what its configure finds this unit asks nothing.
unit_compile() {
	debian_flags
	# shellcheck disable=SC2086 # lists of words
	"$suture" record -- g++ -std=c++17 $CXXFLAGS $CPPFLAGS -fPIE -DPIE --param ssp-buffer-size=4 \
		-pthread -DBOOST_CONTAINER_USE_STD_EXCEPTIONS -I. -c dnsname.cc -o dnsname.o
}

server_start() {
	cat > "$scratch/config" <<-END
		setLocal("127.0.0.1:$port")
		setMaxTCPClientThreads(4)
		setTCPRecvTimeout(60)
		setSecurityPollSuffix("")
		addAction(QNameRule("refused.test"), RCodeAction(DNSRCode.REFUSED))
		addAction(AllRule(), LuaAction(function(query)
			return DNSAction.Spoof, "name." .. query.qname:toString()
		end))
	END
	exec "$target" --supervised --disable-syslog --config "$scratch/config"
}
