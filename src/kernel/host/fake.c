// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/host/fake.h"
#include "base/tap.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECOND = 1000000000 };

void fake_put(const struct fake *fake, const char *path, const char *fmt, ...)
{
	char full[512];
	FILE *file;
	va_list ap;

	snprintf(full, sizeof(full), "%s%s", fake->root, path);
	for (char *slash = full + strlen(fake->root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	file = fopen(full, "w");
	if (!file)
		abort();
	va_start(ap, fmt);
	vfprintf(file, fmt, ap);
	va_end(ap);
	fclose(file);
}

void fake_remove(const struct fake *fake, const char *path)
{
	char command[512];

	snprintf(command, sizeof(command), "rm -rf '%s%s'", fake->root, path);
	if (system(command))
		abort();
}

static char *get(const struct fake *fake, const char *path, char text[64])
{
	char full[512];
	FILE *file;

	snprintf(full, sizeof(full), "%s%s", fake->root, path);
	file = fopen(full, "r");
	if (!file || !fgets(text, 64, file))
		*text = '\0';
	if (file)
		fclose(file);
	return text;
}

/* Lines of /proc/modules: the newest first, as the kernel has them. */
static void add_module(const struct fake *fake, const char *name)
{
	char older[16 * 1024] = "", path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/proc/modules", fake->root);
	file = fopen(path, "r");
	if (file) {
		older[fread(older, 1, sizeof(older) - 1, file)] = '\0';
		fclose(file);
	}
	fake_put(fake, "/proc/modules", "%s 16384 1 - Live 0xffffffffc0206000 (OEK)\n%s", name,
		 older);
}

void fake_patch(const struct fake *fake, const char *name, const char *function, bool transition)
{
	char path[256];

	add_module(fake, name);
	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	fake_put(fake, path, "1\n");
	snprintf(path, sizeof(path), "/sys/kernel/livepatch/%s/enabled", name);
	fake_put(fake, path, "1\n");
	snprintf(path, sizeof(path), "/sys/kernel/livepatch/%s/transition", name);
	fake_put(fake, path, "%d\n", transition);
	snprintf(path, sizeof(path), "/sys/kernel/livepatch/%s/vmlinux/patched", name);
	fake_put(fake, path, "1\n");
	snprintf(path, sizeof(path), "/sys/kernel/livepatch/%s/vmlinux/%s,1/x", name, function);
	fake_put(fake, path, "%s", "");
}

void fake_task(const struct fake *fake, int patch_state, const char *stack)
{
	fake_put(fake, "/proc/102/task/102/patch_state", "%d\n", patch_state);
	fake_put(fake, "/proc/102/patch_state", "%d\n", patch_state);
	fake_put(fake, "/proc/102/stat",
		 "102 (a (b) c) S 92 92 92 0 -1 4194304 66 0 0 0 0 0 0 0 20 0 1 0 100 2379776 1 "
		 "18446744073709551615 4198400 5785993 1 0 0 0 0 6 0 1 0 0 17 1 0 0 0 0\n");
	fake_put(fake, "/proc/102/syscall", "0 0x3 0x7f1e 0x10000 0x22 0x0 0x0 0x7ffe 0x47b6fd\n");
	fake_put(fake, "/proc/102/stack", "%s", stack);
	fake_put(fake, "/proc/102/fd/x", "%s", "");
}

static int load(void *context, int fd)
{
	struct fake *fake = context;

	(void)fd;
	fake->loads++;
	if (fake->load_log)
		fake_put(fake, "/dev/kmsg", "%s", fake->load_log);
	if (fake->load_error)
		return fake->load_error;
	if (fake->idle) {
		fake_put(fake, "/sys/module/sample/refcnt", "0\n");
		return 0;
	}
	fake_patch(fake, "sample", "cmdline_proc_show", true);
	fake_put(fake, "/sys/module/sample/notes/.note.gnu.build-id",
		 "%c%c%c%c%c%c%c%c%c%c%c%cGNU%c%s", 4, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0, 0,
		 "\xfe\xed\xfa\xce");
	fake->changed = fake->clock;
	return 0;
}

static int unload(void *context, const char *name)
{
	struct fake *fake = context;
	char path[256];

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	fake_remove(fake, path);
	fake->unloads++;
	return 0;
}

static uint64_t now(void *context)
{
	return ((struct fake *)context)->clock;
}

/* A control file: `enabled` of the sample begins a transition, or turns it round. */
static int write_value(void *context, const char *path, const char *value)
{
	struct fake *fake = context;

	if (fake->ends_late && *value == '1')
		fake_remove(fake, "/sys/kernel/livepatch/sample");
	if (access(path, F_OK) != 0) {
		fake_put(fake, "/sys/module/sample/refcnt", "0\n");
		return -ENOENT;
	}
	fake_put(fake, path + strlen(fake->root), "%s\n", value);
	if (strstr(path, "/sample/enabled")) {
		fake->changed = fake->clock;
		fake_put(fake, "/sys/kernel/livepatch/sample/transition", "1\n");
	}
	return 0;
}

/* What happens while somebody sleeps. */
static void work(struct fake *fake)
{
	char text[64];
	bool enabled = *get(fake, "/sys/kernel/livepatch/sample/enabled", text) == '1';

	if (!*text || (enabled ? fake->stuck : fake->stuck_out) ||
	    fake->clock < fake->changed + 2ull * SECOND)
		return;
	fake_put(fake, "/sys/kernel/livepatch/sample/transition", "0\n");
	if (enabled)
		return;
	fake_remove(fake, "/sys/kernel/livepatch/sample");
	if (!fake->pinned)
		fake_put(fake, "/sys/module/sample/refcnt", "0\n");
}

static void sleep_for(void *context, uint64_t ns)
{
	struct fake *fake = context;

	fake->clock += ns;
	work(fake);
}

static const struct sut_host_calls calls = {
	.write = write_value,
	.load = load,
	.unload = unload,
	.now = now,
	.sleep = sleep_for,
};

void fake_start(struct fake *fake)
{
	*fake = (struct fake){.clock = 100ull * SECOND};
	strcpy(fake->root, "/tmp/suture-host.XXXXXX");
	if (!mkdtemp(fake->root))
		abort();
	fake->host = (struct sut_host){.root = fake->root, .calls = &calls, .context = fake};
	fake_put(fake, "/proc/sys/kernel/osrelease", "6.1.0-50-amd64\n");
	fake_put(fake, "/proc/sys/kernel/ftrace_enabled", "1\n");
	fake_put(fake, "/proc/modules", "ext4 16384 0 - Live 0xffffffffc0201000\n");
	fake_put(fake, "/proc/kallsyms",
		 "ffffffff81000000 T _text\nffffffff8114d410 t m_show\n"
		 "ffffffff8138dec0 t m_show\nffffffff8138dec0 t cmdline_proc_show\n"
		 "ffffffffc0201000 t loop_show\t[other]\n");
	fake_put(fake, "/sys/module/module/parameters/sig_enforce", "N\n");
	fake_put(fake, "/sys/kernel/livepatch/.keep", "%s", "");
	fake_put(fake, "/dev/kmsg", "%s", "");
}

void fake_end(struct fake *fake)
{
	fake_remove(fake, "");
}

const struct sut_host_options ten_seconds = {.wait_ns = 10ull * SECOND};

void run_start(struct run *run)
{
	*run = (struct run){0};
	fake_start(&run->fake);
}

void run_end(struct run *run)
{
	sut_arena_deinit(&run->arena);
	fake_end(&run->fake);
}

enum sut_rc run_apply(struct run *run, const char *path, const char *replaces,
		      const struct sut_host_options *options)
{
	run->diag = (struct sut_diag){0};
	return sut_host_apply(&run->fake.host, &run->arena, path, replaces, options, &run->effect,
			      &run->diag);
}

enum sut_rc run_revert(struct run *run, const char *name, const struct sut_host_options *options)
{
	run->diag = (struct sut_diag){0};
	return sut_host_revert(&run->fake.host, &run->arena, name, options, &run->effect,
			       &run->diag);
}

bool run_warned(const struct run *run, const char *rule)
{
	for (size_t i = 0; i < run->effect.warning_count; i++)
		if (strcmp(run->effect.warnings[i].rule, rule) == 0)
			return true;
	return false;
}
