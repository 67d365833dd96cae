// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libpng: "read FILE" by rows, with the transformations that viewers ask for; "image FILE" by the
 * simplified functions; "quantize FILE" to few colours.
 */
#include "host.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

static void quiet(png_structp png, png_const_charp text)
{
	(void)text;
	longjmp(png_jmpbuf(png), 1);
}

static void ignore(png_structp png, png_const_charp text)
{
	(void)png;
	(void)text;
}

static unsigned long sum_of(const unsigned char *bytes, size_t size)
{
	unsigned long sum = 0;

	for (size_t i = 0; i < size; i++)
		sum = sum * 31 + bytes[i];
	return sum;
}

static void read_rows(FILE *in, FILE *out, int quantize)
{
	png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, quiet, ignore);
	png_color palette[] = {{0, 0, 0}, {255, 255, 255}, {255, 0, 0}};
	png_infop info = png_create_info_struct(png);

	if (setjmp(png_jmpbuf(png))) {
		fputs("not read", out);
	} else {
		png_init_io(png, in);
		png_read_info(png, info);
		if (quantize)
			png_set_quantize(png, palette, 3, 2, NULL, 1);
		else
			png_set_expand(png);
		png_set_interlace_handling(png);
		png_read_update_info(png, info);
		size_t size = png_get_rowbytes(png, info);
		png_uint_32 height = png_get_image_height(png, info);
		png_bytep rows = calloc(height, size), *table = calloc(height, sizeof(*table));

		for (png_uint_32 y = 0; y < height; y++)
			table[y] = rows + y * size;
		png_read_image(png, table);
		fprintf(out, "%zu bytes a row, sum %lu", size, sum_of(rows, height * size));
		free(rows);
		free(table);
	}
	png_destroy_read_struct(&png, &info, NULL);
}

static void read_simply(FILE *in, FILE *out)
{
	png_image image = {.version = PNG_IMAGE_VERSION};
	void *pixels;

	if (!png_image_begin_read_from_stdio(&image, in)) {
		fprintf(out, "not begun: %s", image.message);
		return;
	}
	image.format = PNG_FORMAT_RGBA;
	pixels = calloc(1, PNG_IMAGE_SIZE(image));
	if (png_image_finish_read(&image, NULL, pixels, 0, NULL))
		fprintf(out, "read, sum %lu", sum_of(pixels, PNG_IMAGE_SIZE(image)));
	else
		fprintf(out, "not read: %s", image.message);
	free(pixels);
}

void answer(const char *question, FILE *out)
{
	const char *file = strchr(question, ' ');
	FILE *in = file ? fopen(file + 1, "rb") : NULL;

	if (!in) {
		fputs("no file", out);
		return;
	}
	if (question[0] == 'i')
		read_simply(in, out);
	else
		read_rows(in, out, question[0] == 'q');
	fclose(in);
}
