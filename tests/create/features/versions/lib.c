// SPDX-License-Identifier: GPL-2.0-or-later
__asm__(".symver answer_one, answer@ONE\n.symver answer_two, answer@@TWO");

int helper(int value)
{
	return value + 1;
}

int answer_one(int value)
{
	return helper(value);
}

int answer_two(int value)
{
	return helper(value) * 10;
}

int answer(int value);

int other(int value)
{
	return answer(value) + 1000;
}
