// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * By libcrypto, as the kernel's own scripts/sign-file does it, and to the same bytes: that program
 * is only there where the headers of that kernel are, and who signed a module has to be read in any
 * case.
 */
#include "kernel/klp/sign.h"
#include "base/guard.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <endian.h>
#include <string.h>

static const char marker[] = "~Module signature appended~\n";
enum { MARKER_SIZE = sizeof(marker) - 1, ID_PKCS7 = 2, SIGNATURE_MAX = 1 << 20 };

/* struct module_signature of include/linux/module_signature.h. */
struct trailer {
	uint8_t algorithm, hash, id_type, signer_size, key_id_size, zero[3];
	uint32_t size; /* big-endian */
};

static void free_bio(BIO **bio)
{
	BIO_free(*bio);
}

static void free_cms(CMS_ContentInfo **cms)
{
	CMS_ContentInfo_free(*cms);
}

static void free_certificate(X509 **certificate)
{
	X509_free(*certificate);
}

static void free_key(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

#define WITH(what) __attribute__((cleanup(free_##what)))

/* ---- reading ---- */

static const char *hex_of(struct sut_arena *arena, const ASN1_STRING *string)
{
	size_t size = (size_t)ASN1_STRING_length(string);

	return sut_hex(sut_arena_alloc(arena, 2 * size + 1), ASN1_STRING_get0_data(string), size);
}

static const char *name_of(const X509_ALGOR *algorithm)
{
	const ASN1_OBJECT *object = NULL;

	if (algorithm)
		X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	return object && OBJ_obj2nid(object) != NID_undef ? OBJ_nid2ln(OBJ_obj2nid(object)) : "";
}

static const char *common_name(struct sut_arena *arena, const X509_NAME *name)
{
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	const ASN1_STRING *text;

	if (at < 0)
		return "";
	text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
	return sut_arena_strndup(arena, (const char *)ASN1_STRING_get0_data(text),
				 (size_t)ASN1_STRING_length(text));
}

static void describe(struct sut_arena *arena, CMS_SignerInfo *info,
		     struct sut_klp_signature *signature)
{
	ASN1_OCTET_STRING *key_id = NULL;
	ASN1_INTEGER *serial = NULL;
	X509_NAME *issuer = NULL;
	X509_ALGOR *hash = NULL, *algorithm = NULL;

	if (CMS_SignerInfo_get0_signer_id(info, &key_id, &issuer, &serial) == 1) {
		signature->signer = issuer ? common_name(arena, issuer) : "";
		signature->serial = serial ? hex_of(arena, serial) : "";
		signature->key_id = key_id ? hex_of(arena, key_id) : "";
	}
	CMS_SignerInfo_get0_algs(info, NULL, NULL, &hash, &algorithm);
	signature->hash = name_of(hash);
	signature->key_type = name_of(algorithm);
}

static enum sut_rc malformed(const char *path, struct sut_diag *diag)
{
	ERR_clear_error();
	return sut_fail(diag, SUT_INVALID, "format",
			"%s: its end says that it is signed, and no PKCS#7 signature is there",
			path);
}

enum sut_rc sut_klp_signature_read(struct sut_arena *arena, const char *path,
				   struct sut_bytes bytes, struct sut_klp_signature *signature,
				   struct sut_diag *diag)
{
	WITH(cms) CMS_ContentInfo *cms = NULL;
	STACK_OF(CMS_SignerInfo) *signers = NULL;
	struct trailer trailer;
	const unsigned char *data;
	size_t rest, size;

	*signature = (struct sut_klp_signature){
		.module_size = bytes.size,
		.signer = "",
		.serial = "",
		.key_id = "",
		.hash = "",
		.key_type = "",
	};
	if (bytes.size < MARKER_SIZE ||
	    memcmp(bytes.data + bytes.size - MARKER_SIZE, marker, MARKER_SIZE) != 0)
		return SUT_OK;
	rest = bytes.size - MARKER_SIZE;
	if (rest < sizeof(trailer))
		return malformed(path, diag);
	rest -= sizeof(trailer);
	memcpy(&trailer, bytes.data + rest, sizeof(trailer));
	size = be32toh(trailer.size);
	if (trailer.id_type != ID_PKCS7 || !size || size > rest || size > SIGNATURE_MAX)
		return malformed(path, diag);
	data = bytes.data + rest - size;
	cms = d2i_CMS_ContentInfo(NULL, &data, (long)size);
	signers = cms ? CMS_get0_SignerInfos(cms) : NULL;
	if (!signers || sk_CMS_SignerInfo_num(signers) < 1)
		return malformed(path, diag);
	describe(arena, sk_CMS_SignerInfo_value(signers, 0), signature);
	signature->module_size = rest - size;
	signature->present = true;
	return SUT_OK;
}

/* ---- signing ---- */

static enum sut_rc unusable(const char *path, const char *what, struct sut_diag *diag)
{
	char reason[256];

	ERR_error_string_n(ERR_peek_last_error(), reason, sizeof(reason));
	ERR_clear_error();
	return sut_fail(diag, SUT_INVALID, "klp-key", "%s: %s: %s", path, what, reason);
}

/* Nobody is there to be asked. */
static int no_passphrase(char *buffer, int size, int writing, void *context)
{
	(void)buffer, (void)size, (void)writing, (void)context;
	return -1;
}

static enum sut_rc read_key(const char *path, EVP_PKEY **key, struct sut_diag *diag)
{
	WITH(bio) BIO *file = BIO_new_file(path, "rb");

	if (file)
		*key = PEM_read_bio_PrivateKey(file, NULL, no_passphrase, NULL);
	return *key ? SUT_OK : unusable(path, "no private key without a passphrase", diag);
}

static enum sut_rc read_certificate(const char *path, X509 **certificate, struct sut_diag *diag)
{
	WITH(bio) BIO *file = BIO_new_file(path, "rb");

	if (file)
		*certificate = PEM_read_bio_X509(file, NULL, no_passphrase, NULL);
	if (file && !*certificate && BIO_reset(file) == 0)
		*certificate = d2i_X509_bio(file, NULL);
	return *certificate ? SUT_OK : unusable(path, "no certificate", diag);
}

static enum sut_rc make_message(struct sut_bytes module, const char *key_path, const char *path,
				BIO *message, struct sut_diag *diag)
{
	const unsigned int plain = CMS_NOCERTS | CMS_BINARY;
	WITH(certificate) X509 *certificate = NULL;
	WITH(key) EVP_PKEY *key = NULL;
	WITH(cms) CMS_ContentInfo *cms = NULL;
	WITH(bio) BIO *content = NULL;
	enum sut_rc rc = read_key(key_path, &key, diag);

	if (rc == SUT_OK)
		rc = read_certificate(path, &certificate, diag);
	if (rc)
		return rc;
	if (X509_check_private_key(certificate, key) != 1)
		return unusable(path, "not the certificate of this key", diag);
	content = BIO_new_mem_buf(module.data, (int)module.size);
	cms = CMS_sign(NULL, NULL, NULL, NULL, plain | CMS_PARTIAL | CMS_DETACHED | CMS_STREAM);
	if (!content || !cms ||
	    !CMS_add1_signer(cms, certificate, key, EVP_sha256(),
			     plain | CMS_NOSMIMECAP | CMS_NOATTR) ||
	    CMS_final(cms, content, NULL, plain) != 1 || i2d_CMS_bio(message, cms) != 1)
		return unusable(key_path, "cannot sign with it", diag);
	ERR_clear_error();
	return SUT_OK;
}

enum sut_rc sut_klp_sign(struct sut_arena *arena, struct sut_bytes module, const char *key,
			 const char *certificate, struct sut_bytes *signed_module,
			 struct sut_diag *diag)
{
	WITH(bio) BIO *message = BIO_new(BIO_s_mem());
	struct sut_klp_signature old;
	struct trailer trailer = {.id_type = ID_PKCS7};
	unsigned char *data, *at;
	char *text;
	long size;
	enum sut_rc rc = sut_klp_signature_read(arena, "the module", module, &old, diag);

	module.size = old.module_size;
	if (rc == SUT_OK && (!message || module.size > INT32_MAX))
		rc = sut_fail(diag, SUT_UNSUPPORTED, "large", "the module is too large to sign");
	if (rc == SUT_OK)
		rc = make_message(module, key, certificate, message, diag);
	if (rc)
		return rc;
	size = BIO_get_mem_data(message, &text);
	trailer.size = htobe32((uint32_t)size);
	signed_module->size = module.size + (size_t)size + sizeof(trailer) + MARKER_SIZE;
	data = sut_arena_alloc(arena, signed_module->size);
	at = mempcpy(data, module.data, module.size);
	at = mempcpy(at, text, (size_t)size);
	at = mempcpy(at, &trailer, sizeof(trailer));
	memcpy(at, marker, MARKER_SIZE);
	signed_module->data = data;
	return SUT_OK;
}
