// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a hand-written livepatch looks like to whoever reads its file, without a kernel's headers:
 * compiled to a relocatable object for the tests and the fuzzer. The private parts of the
 * structures have sizes that no kernel has. With -DSUTURE it is one for suture.ko.
 */
struct klp_func {
	const char *old_name;
	void *new_func;
	unsigned long old_sympos;
	char internal[112];
};

struct klp_object {
	const char *name;
	struct klp_func *funcs;
	void (*callbacks[4])(void);
#ifdef SUTURE
	int state;
	void *sets, *shadow_types;
#endif
	char internal[72];
};

struct klp_state {
	unsigned long id;
	unsigned int version;
	void *data;
#ifdef SUTURE
	_Bool block_disable;
#endif
};

struct late {
	const char *object, *part;
};

struct klp_patch {
	void *module;
	struct klp_object *objs;
	struct klp_state *states;
	_Bool replace;
#ifdef SUTURE
	void *additions;
	const struct late *late;
#endif
	char internal[64];
};

#define INFO(name, text)                                                                           \
	static const char name[] __attribute__((used, section(".modinfo"), aligned(1))) = text
INFO(info_license, "license=GPL");
INFO(info_livepatch, "livepatch=Y");
INFO(info_vermagic, "vermagic=6.1.0-50-amd64 SMP preempt mod_unload modversions ");

struct {
	char content[64];
} __this_module __attribute__((section(".gnu.linkonce.this_module"))) = {"sample"};

extern char *private_variable;
extern int private_function(int);
extern int twice(void);
extern int of_loop;
extern int exported(int);

/* Annotated in both ways. */
extern int annotated(void);
extern int named(void) __asm__("\".klp.sym.rela.vmlinux.vmlinux.m_show,1\"");
static struct {
	int (*symbol)(void);
	unsigned int sympos;
} __attribute__((packed)) annotations[]
	__attribute__((used, section(".klp.module_relocs.vmlinux"), aligned(4))) = {{annotated, 2}};

int new_show(void);
int new_show(void)
{
	return exported(private_function(private_variable[0])) + twice() + annotated() + named();
}

int new_loop(void);
int new_loop(void)
{
	return of_loop;
}

static int *cell = &of_loop;

void clear(void);
void clear(void)
{
	cell = 0;
}

static struct klp_func funcs[] = {
	{.old_name = "cmdline_proc_show", .new_func = new_show},
	{.old_name = "m_show", .new_func = new_show, .old_sympos = 2},
	{0},
};
static struct klp_func loop_funcs[] = {{.old_name = "loop_show", .new_func = new_loop}, {0}};
static struct klp_func no_funcs[] = {{0}};
static struct klp_object objs[] = {
	{.funcs = funcs},
	{.name = "loop", .funcs = loop_funcs, .callbacks = {0, 0, 0, clear}},
	{.name = "brd", .funcs = no_funcs, .callbacks = {clear}},
	{0},
};
static struct klp_state states[] = {{.id = 7, .version = 2}, {.id = 9}, {0}};
#ifdef SUTURE
static int sets[4];
static const struct late late[] = {{"zram", "part_zram"}, {0}};
static struct klp_patch patch = {
	.objs = objs, .states = states, .replace = 1, .additions = sets, .late = late};
#else
static struct klp_patch patch = {
	.module = &__this_module, .objs = objs, .states = states, .replace = 1};
#endif

/* Something else that begins with a pointer to the module. */
static struct {
	void *owner;
	int (*show)(void);
} operations = {&__this_module, new_show};

extern void sut_enable_patch(void *patch);

void *keep(void) __attribute__((section(".init.text")));
void *keep(void)
{
#ifdef SUTURE
	patch.module = &__this_module;
	objs[2].sets = sets;
	sut_enable_patch(&patch);
#endif
	operations.show();
	return cell ? (void *)&patch : 0;
}
