/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A static function that has the name of another unit's; see two_units in extract.sh. */
int other(int x);

__attribute__((noipa)) static int helper(int x)
{
	return x + 5;
}

__attribute__((noipa)) int caller(int x)
{
	return helper(x) + 1;
}

int main(int argc, char **argv)
{
	return caller(argc) + !argv;
}
