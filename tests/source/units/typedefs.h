/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TYPEDEFS_H
#define TYPEDEFS_H
#include <stdint.h>
#include <stdlib.h>

struct list;
typedef struct node node;
typedef uint32_t id;
typedef id key;
typedef int (*visitor)(node *at, key k, void *data);
typedef visitor *visitors;

struct node {
	key key;
	struct list *owner;
	node *next;
};

typedef struct list {
	node *first;
	visitors visit;
	struct unseen *rest;
} list;

struct unseen {
	int field;
};

int list_walk(list *of, void *data);
int list_free(struct unseen *unseen);
#endif
