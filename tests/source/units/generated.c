/* SPDX-License-Identifier: GPL-2.0-or-later */
/* title: functions that macros write
 * fix: s/item->size = 1/item->size = 2/; s/return size_of(item) + 1/return size_of(item) + 3/
 * changed: grow total
 * has: ^GETTER(size)$
 * lacks: GETTER(color)
 * has: ^SUTURE_PRIVATE int counted_get(
 */
struct item {
	int size, color;
};

#define GETTER(member)                                                                             \
	static inline int member##_of(const struct item *item)                                     \
	{                                                                                          \
		return item->member;                                                               \
	}
GETTER(size)
GETTER(color)

#define COUNTED(name)                                                                              \
	int name##_calls;                                                                          \
	__attribute__((noipa)) static int name##_get(struct item *item, int n)                     \
	{                                                                                          \
		name##_calls += n;                                                                 \
		return item->size + n;                                                             \
	}
COUNTED(counted)

__attribute__((noipa)) void grow(struct item *item)
{
	if (!item->size)
		item->size = 1;
	item->size *= counted_get(item, 2);
}

__attribute__((noipa)) int total(struct item *item)
{
	return size_of(item) + 1;
}

__attribute__((noipa)) int paint(struct item *item)
{
	return color_of(item) + counted_get(item, 1);
}

int main(int argc, char **argv)
{
	struct item item = {argc, !argv};

	grow(&item);
	return total(&item) + paint(&item);
}
