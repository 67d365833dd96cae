/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signatures of modules, as the kernel checks them (Documentation/admin-guide/module-signing.rst):
 * behind the module, a PKCS#7 message over it without certificate and attributes, twelve bytes that
 * say how long that is, and a marker.
 */
#ifndef SUT_KERNEL_KLP_SIGN_H
#define SUT_KERNEL_KLP_SIGN_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/io.h"

#include <stdbool.h>

struct sut_klp_signature {
	bool present;         /* false: nothing else is filled in */
	size_t module_size;   /* bytes of the file that it is over */
	const char *signer;   /* common name of who issued the certificate, or "" */
	const char *serial;   /* of the certificate, hex; "" when it names the key instead */
	const char *key_id;   /* hex, or "" */
	const char *hash;     /* "sha256", or "" */
	const char *key_type; /* "rsaEncryption", or "" */
};

/*
 * Who signed a module; whether the signature is right is known only with the certificate. Strings
 * are the arena's. SUT_INVALID (rule "format"): the marker is there, and no signature before it.
 */
enum sut_rc sut_klp_signature_read(struct sut_arena *arena, const char *path,
				   struct sut_bytes bytes, struct sut_klp_signature *signature,
				   struct sut_diag *diag);

/*
 * Signs a module with SHA-256. key and certificate are files in PEM, the second may be DER; the key
 * must not need a passphrase. A signature that is there is replaced. SUT_INVALID (rule "klp-key"):
 * key or certificate cannot be used.
 */
enum sut_rc sut_klp_sign(struct sut_arena *arena, struct sut_bytes module, const char *key,
			 const char *certificate, struct sut_bytes *signed_module,
			 struct sut_diag *diag);

#endif
