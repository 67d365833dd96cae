/* SPDX-License-Identifier: GPL-2.0-or-later */
/* title: a static function of its own name in the target gets a new version
 * fix: s/depth + 1/depth + 2/
 * changed: descend
 * has: ^SUTURE_PRIVATE __attribute__((noipa)) int descend(
 */
#include <stddef.h>

struct tree {
	struct tree *left, *right;
};

__attribute__((noipa)) static int descend(const struct tree *tree, int depth)
{
	if (!tree)
		return depth;
	return descend(tree->left, depth + 1) + descend(tree->right, depth);
}

int measure(const struct tree *tree)
{
	return descend(tree, 0);
}

int main(int argc, char **argv)
{
	struct tree tree = {NULL, argc > 2 && argv ? &tree : NULL};

	return measure(&tree);
}
