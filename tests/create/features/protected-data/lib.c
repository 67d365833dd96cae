// SPDX-License-Identifier: GPL-2.0-or-later
__attribute__((visibility("protected"))) int protected_value;
__attribute__((visibility("hidden"))) int hidden_value = 1;
int replaced_value = 2;

int first(void)
{
	return ++protected_value;
}

int second(void)
{
	return ++hidden_value;
}

int third(void)
{
	return replaced_value += 1;
}
