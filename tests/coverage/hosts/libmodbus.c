// SPDX-License-Identifier: GPL-2.0-or-later
/* libmodbus: "FUNCTION LENGTH": replies to a request of 12 bytes that is said to have that length.
 */
#include "host.h"

#include <modbus.h>
#include <sys/socket.h>

void answer(const char *question, FILE *out)
{
	modbus_mapping_t *mapping = modbus_mapping_new(16, 16, 16, 16);
	modbus_t *context = modbus_new_tcp("127.0.0.1", 1502);
	unsigned char request[260] = {0, 1, 0, 0, 0, 6, 1, 0, 0, 1}, reply[512];
	int sockets[2], length = 0;
	ssize_t got;

	if (sscanf(question, "%hhu %d", &request[7], &length) != 2 || length > 260 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets))
		return;
	modbus_set_socket(context, sockets[0]);
	modbus_reply(context, request, length, mapping);
	got = recv(sockets[1], reply, sizeof(reply), MSG_DONTWAIT);
	fprintf(out, "%zd bytes, function %d", got, got > 7 ? reply[7] : -1);
	close(sockets[0]);
	close(sockets[1]);
	modbus_free(context);
	modbus_mapping_free(mapping);
}
