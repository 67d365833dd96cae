// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

struct shape {
	virtual ~shape() {}
	virtual int area() const = 0;
	virtual const char *name() const { return "shape"; }
};

struct labelled {
	virtual ~labelled() {}
	virtual const char *label() const = 0;
};

struct square : shape, labelled {
	int side;
	explicit square(int length);
	~square() override;
	int area() const override;
	const char *label() const override;
};

square::square(int length) : side(length) {}
square::~square() {}
int square::area() const { return side * side; }
const char *square::label() const { return "four sides"; }

static square *kept;

__attribute__((noinline)) static shape *make(int length)
{
	return new square(length);
}

__attribute__((noinline)) static int total(shape *s)
{
	const labelled *l = dynamic_cast<labelled *>(s);

	printf("%s, %s, %d\n", s->name(), l ? l->label() : "none", s->area());
	return s->area();
}

void step(void)
{
	if (!kept)
		kept = new square(2);

	shape *fresh = make(3);
	printf("%d\n", total(kept) + total(fresh));
	delete fresh;
}
