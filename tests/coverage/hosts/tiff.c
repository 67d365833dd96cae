// SPDX-License-Identifier: GPL-2.0-or-later
/* libtiff: reads an image whole, and writes what it saw of it. */
#include "host.h"

#include <stdlib.h>
#include <tiffio.h>

static void quiet(const char *module, const char *format, va_list arguments)
{
	(void)module;
	(void)format;
	(void)arguments;
}

void answer(const char *question, FILE *out)
{
	uint32_t width = 0, height = 0, *raster = NULL;
	unsigned long sum = 0;
	int good = 0;
	TIFF *tiff;

	TIFFSetErrorHandler(quiet);
	TIFFSetWarningHandler(quiet);
	tiff = TIFFOpen(question, "r");
	if (!tiff) {
		fputs("not opened", out);
		return;
	}
	TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
	TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
	if (width && height && width < 4096 && height < 4096)
		raster = calloc((size_t)width * height, sizeof(*raster));
	if (raster)
		good = TIFFReadRGBAImageOriented(tiff, width, height, raster, ORIENTATION_TOPLEFT,
						 0);
	for (size_t i = 0; raster && i < (size_t)width * height; i++)
		sum += raster[i] * (i + 1);
	fprintf(out, "%u x %u, %s, sum %lu", width, height, good ? "read" : "not read", sum);
	free(raster);
	TIFFClose(tiff);
}
