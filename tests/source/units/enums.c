/* SPDX-License-Identifier: GPL-2.0-or-later */
/* title: enumerations from a list, and bit-fields
 * fix: s/p->red == RED/p->red == GREEN/
 * changed: shade
 * has: ^#define COLORS
 * has: ^enum color { COLORS(NAMED) COLOR_COUNT };
 * lacks: enum season
 */
#define FIRST              3
#define COLORS(item)       item(RED, FIRST) item(GREEN, RED + 2) item(BLUE, 1 << 3)
#define NAMED(name, value) name = value,
enum color { COLORS(NAMED) COLOR_COUNT };
#undef NAMED
#define NAMED(name, value) #name

enum season { SPRING, SUMMER };

struct pixel {
	enum color color;
	unsigned int red : FIRST + 2, green : 6, : 0;
	signed int blue : COLOR_COUNT > 5 ? 7 : 6;
};

int shade(struct pixel *p, enum color c)
{
	switch (c) {
	case RED:
		return p->red == RED;
	case GREEN:
		return p->green;
	default:
		return c == BLUE ? p->blue : (int)COLOR_COUNT;
	}
}

int main(int argc, char **argv)
{
	struct pixel p = {.red = argc, .green = 2, .blue = !argv};
	enum season season = argc > 1 ? SPRING : SUMMER;

	return shade(&p, argc) + season;
}
