// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/image/unpack.h"
#include "base/guard.h"

#include <lzma.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum {
	FIRST_SIZE = 1 << 20,     /* of the output, in bytes; it doubles */
	DICTIONARY_MAX = 1 << 28, /* what xz may take to unpack */
};

/* The output of a decoder, which grows. Not in the arena: that would keep all its sizes. */
struct output {
	unsigned char *data;
	size_t size, capacity;
};

static bool grow(struct output *output)
{
	size_t capacity = output->capacity ? output->capacity * 2 : FIRST_SIZE;
	unsigned char *data =
		capacity <= SUT_KERNEL_FILE_MAX ? realloc(output->data, capacity) : NULL;

	if (!data)
		return false;
	output->data = data;
	output->capacity = capacity;
	return true;
}

static bool unpack_xz(struct sut_bytes packed, struct output *output)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	lzma_ret result = lzma_stream_decoder(&stream, DICTIONARY_MAX, 0);

	stream.next_in = packed.data;
	stream.avail_in = packed.size;
	while (result == LZMA_OK && (output->size < output->capacity || grow(output))) {
		stream.next_out = output->data + output->size;
		stream.avail_out = output->capacity - output->size;
		result = lzma_code(&stream, LZMA_FINISH);
		output->size = output->capacity - stream.avail_out;
	}
	lzma_end(&stream);
	return result == LZMA_STREAM_END;
}

static bool unpack_gzip(struct sut_bytes packed, struct output *output)
{
	z_stream stream = {.next_in = (unsigned char *)packed.data,
			   .avail_in = (unsigned int)packed.size};
	int result = inflateInit2(&stream, 16 + MAX_WBITS); /* 16: with gzip's header */

	while (result == Z_OK && (output->size < output->capacity || grow(output))) {
		stream.next_out = output->data + output->size;
		stream.avail_out = (unsigned int)(output->capacity - output->size);
		result = inflate(&stream, Z_NO_FLUSH);
		output->size = output->capacity - stream.avail_out;
	}
	inflateEnd(&stream);
	return result == Z_STREAM_END;
}

static bool unpack_zstd(struct sut_bytes packed, struct output *output)
{
	ZSTD_DStream *stream = ZSTD_createDStream();
	ZSTD_inBuffer in = {packed.data, packed.size, 0};
	size_t left = 1;

	while (stream && left && !ZSTD_isError(left) &&
	       (output->size < output->capacity || grow(output))) {
		ZSTD_outBuffer out = {output->data, output->capacity, output->size};
		size_t before = in.pos;

		left = ZSTD_decompressStream(stream, &out, &in);
		if (in.pos == before && out.pos == output->size)
			break; /* it ends too early */
		output->size = out.pos;
	}
	ZSTD_freeDStream(stream);
	return left == 0;
}

static const struct packing {
	const char *name;
	size_t size;
	const char magic[8];
	bool (*unpack)(struct sut_bytes packed, struct output *output);
} packings[] = {
	{"xz", 6, "\3757zXZ", unpack_xz}, /* its sixth byte is the zero behind */
	{"gzip", 3, "\037\213\010", unpack_gzip},
	{"zstd", 4, "(\265/\375", unpack_zstd},
	{"lz4", 4, "\002!L\030", NULL},
	{"lzo", 3, "\211LZ", NULL},
	{"bzip2", 3, "BZh", NULL},
	{"lzma", 3, "]\0", NULL},
};

enum sut_rc sut_kernel_unpack(struct sut_arena *arena, const char *path, struct sut_bytes packed,
			      struct sut_bytes *bytes, struct sut_diag *diag)
{
	const struct packing *packing = NULL;
	struct output output = {0};
	SUT_FREE unsigned char *data = NULL;
	bool whole;

	for (size_t i = 0; i < SUT_ARRAY_SIZE(packings) && !packing; i++)
		if (packed.size >= packings[i].size &&
		    memcmp(packed.data, packings[i].magic, packings[i].size) == 0)
			packing = &packings[i];
	if (!packing || !packing->unpack) {
		sut_fail(diag, SUT_UNSUPPORTED, "kernel-image",
			 "%s: packed in a way (%s) that is "
			 "not known here",
			 path, packing ? packing->name : "neither xz, gzip, zstd");
		sut_remedy(diag, "unpack it, and name the unpacked file");
		return SUT_UNSUPPORTED;
	}
	if (packed.size > SUT_KERNEL_FILE_MAX)
		return sut_fail(diag, SUT_INVALID, "format", "%s: too large", path);
	whole = packing->unpack(packed, &output);
	data = output.data;
	if (!whole)
		return sut_fail(diag, SUT_INVALID, "format",
				"%s: damaged, or too large: its %s stream ends at byte %zu", path,
				packing->name, output.size);
	*bytes = (struct sut_bytes){sut_arena_memdup(arena, data, output.size), output.size};
	return SUT_OK;
}
