/* SPDX-License-Identifier: GPL-2.0-or-later */
/* title: new functions and variables, in a shared object with hidden names
 * options: -fPIC -fvisibility=hidden
 * shared: yes
 * fix: s/^.. here: //; s/count++;/count += weigh(of);/
 * changed: note
 * has: ^static int seen;
 * has: ^static __attribute__((noinline)) int weigh(
 * has: ^SUTURE_PRIVATE extern int count;
 */
struct thing {
	int weight;
};

int count;
__attribute__((visibility("default"))) int limit = 9;
__attribute__((noipa)) int hidden_help(int x)
{
	return x + count;
}

// here: static int seen;
// here: static __attribute__((noinline)) int weigh(const struct thing *of)
// here: {
// here: 	return of->weight > limit ? 0 : ++seen;
// here: }

__attribute__((visibility("default"))) int note(const struct thing *of)
{
	count++;
	return hidden_help(of->weight) < limit;
}
