/* SPDX-License-Identifier: GPL-2.0-or-later */
/* title: conditions in and around functions, macros that are redefined
 * options: -DWITH_LOCK
 * fix: s/locked + SIZE/locked - SIZE/
 * changed: serve
 * has: define SIZE 20
 * lacks: no_lock
 * lacks: ^#if
 */
#define SIZE 10
__attribute__((noipa)) int small(int x)
{
	return x + SIZE;
}
#undef SIZE
#define SIZE 20

#ifdef WITH_LOCK
static volatile int lock;
__attribute__((noipa)) int serve(int locked)
{
#if SIZE > 15 && !defined(NEVER)
	lock++;
#else
	no_lock();
#endif
#else
int serve(int locked, int extra)
{
#endif
	return locked + SIZE;
}

int main(int argc, char **argv)
{
	return serve(argc) + small(!argv);
}
