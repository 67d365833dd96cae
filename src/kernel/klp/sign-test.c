// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/guard.h"
#include "base/tap.h"
#include "kernel/klp/sign.h"

#include <openssl/cms.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/stat.h>

static const char text[] = "a module's bytes";
static const struct sut_bytes module = {(const unsigned char *)text, sizeof(text)};

/* A folder with two keys and their certificates. */
static char folder[] = "/tmp/sign-test-XXXXXX";
static const char *const names[] = {"one.key", "one.pem", "other.key", "other.pem", "one.der"};

static const char *path_of(const char *name)
{
	static char paths[4][64];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static void write_pair(const char *name, const char *key_name, const char *pem, const char *der)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	X509 *certificate = X509_new();
	X509_NAME *subject = X509_get_subject_name(certificate);
	FILE *file;

	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 0x1234);
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, key);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1,
				   0);
	X509_set_issuer_name(certificate, subject);
	CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
	file = fopen(path_of(key_name), "w");
	CHECK(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1);
	fclose(file);
	file = fopen(path_of(pem), "w");
	CHECK(PEM_write_X509(file, certificate) == 1);
	fclose(file);
	if (der) {
		file = fopen(path_of(der), "w");
		CHECK(i2d_X509_fp(file, certificate) == 1);
		fclose(file);
	}
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static enum sut_rc sign(struct sut_arena *arena, struct sut_bytes bytes, const char *key,
			const char *certificate, struct sut_bytes *made, struct sut_diag *diag)
{
	*diag = (struct sut_diag){0};
	return sut_klp_sign(arena, bytes, path_of(key), path_of(certificate), made, diag);
}

static void makes_keys(void)
{
	CHECK(mkdtemp(folder) != NULL);
	write_pair("One", "one.key", "one.pem", "one.der");
	write_pair("Other", "other.key", "other.pem", NULL);
}

static void tells_an_unsigned_module(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_klp_signature signature;
	struct sut_diag diag = {0};

	CHECK_EQUAL(sut_klp_signature_read(&arena, "x", module, &signature, &diag), SUT_OK);
	CHECK(!signature.present);
	CHECK_EQUAL(signature.module_size, module.size);
}

static void says_who_signed(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_klp_signature signature;
	struct sut_bytes made;
	struct sut_diag diag;

	CHECK_EQUAL(sign(&arena, module, "one.key", "one.pem", &made, &diag), SUT_OK);
	CHECK(!memcmp(made.data, module.data, module.size));
	CHECK_EQUAL(sut_klp_signature_read(&arena, "x", made, &signature, &diag), SUT_OK);
	CHECK(signature.present);
	CHECK_EQUAL(signature.module_size, module.size);
	CHECK_STRING(signature.signer, "One");
	CHECK_STRING(signature.serial, "1234");
	CHECK_STRING(signature.hash, "sha256");
	CHECK_STRING(signature.key_type, "rsaEncryption");
}

static void takes_either_form_of_certificate(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_bytes one, other;
	struct sut_diag diag;

	CHECK_EQUAL(sign(&arena, module, "one.key", "one.pem", &one, &diag), SUT_OK);
	CHECK_EQUAL(sign(&arena, module, "one.key", "one.der", &other, &diag), SUT_OK);
	CHECK(one.size == other.size && !memcmp(one.data, other.data, one.size));
}

static void replaces_a_signature(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_bytes one, again, direct;
	struct sut_diag diag;

	CHECK_EQUAL(sign(&arena, module, "one.key", "one.pem", &one, &diag), SUT_OK);
	CHECK_EQUAL(sign(&arena, one, "other.key", "other.pem", &again, &diag), SUT_OK);
	CHECK_EQUAL(sign(&arena, module, "other.key", "other.pem", &direct, &diag), SUT_OK);
	CHECK(again.size == direct.size && !memcmp(again.data, direct.data, again.size));
}

static void refuses_what_does_not_belong_together(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_bytes made;
	struct sut_diag diag;

	CHECK_EQUAL(sign(&arena, module, "one.key", "other.pem", &made, &diag), SUT_INVALID);
	CHECK_STRING(diag.rule, "klp-key");
	CHECK_EQUAL(sign(&arena, module, "one.pem", "one.pem", &made, &diag), SUT_INVALID);
	CHECK_EQUAL(sign(&arena, module, "none", "one.pem", &made, &diag), SUT_INVALID);
	CHECK_STRING(diag.rule, "klp-key");
}

static void refuses_damaged_signatures(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_klp_signature signature;
	struct sut_bytes made;
	struct sut_diag diag;
	unsigned char *bytes;

	CHECK_EQUAL(sign(&arena, module, "one.key", "one.pem", &made, &diag), SUT_OK);
	bytes = sut_arena_memdup(&arena, made.data, made.size);
	made.data = bytes;
	bytes[made.size - 29] ^= 0xff; /* its size */
	CHECK_EQUAL(sut_klp_signature_read(&arena, "x", made, &signature, &diag), SUT_INVALID);
	CHECK_STRING(diag.rule, "format");
	bytes[made.size - 29] ^= 0xff;
	bytes[module.size] ^= 0xff; /* the message */
	CHECK_EQUAL(sut_klp_signature_read(&arena, "x", made, &signature, &diag), SUT_INVALID);
}

static void cleans_up(void)
{
	for (size_t i = 0; i < SUT_ARRAY_SIZE(names); i++)
		CHECK_EQUAL(remove(path_of(names[i])), 0);
	CHECK_EQUAL(rmdir(folder), 0);
}

static const struct sut_tap_test tests[] = {
	{"keys and certificates are made", makes_keys},
	{"a module without a signature is told", tells_an_unsigned_module},
	{"a signature says whose it is", says_who_signed},
	{"a certificate may be PEM or DER", takes_either_form_of_certificate},
	{"a signature that is there is replaced", replaces_a_signature},
	{"key and certificate must belong together", refuses_what_does_not_belong_together},
	{"a damaged signature is malformed", refuses_damaged_signatures},
	{"nothing is left", cleans_up},
};

SUT_TAP_MAIN(tests)
