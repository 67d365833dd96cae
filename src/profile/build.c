// SPDX-License-Identifier: GPL-2.0-or-later
/* Builds that are recorded: in a room where the system allows one, else where they are. */
#include "profile/build.h"
#include "profile/prove.h"
#include "profile/room.h"
#include "base/guard.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>

enum {
	LOG_MAX = 1 << 30, /* bytes of a build's output */
	LAST_LINES = 4,    /* of them, in a refusal */
	CHUNK = 1 << 16,
};

/* What is shown while a build runs. */
struct watch {
	struct sut_making *making;
	const char *name;
	int log;
	size_t calls;
};

void sut_making_progress(struct sut_making *making, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (!making->options->progress)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	making->options->progress(making->options->progress_context, text);
}

static void tick(void *context)
{
	struct watch *watch = context;
	char chunk[CHUNK];
	ssize_t n;

	while ((n = read(watch->log, chunk, sizeof(chunk))) > 0)
		for (ssize_t i = 0; i < n; i++)
			watch->calls += chunk[i] == '\n';
	sut_making_progress(watch->making, "building %s: %zu compilations", watch->name,
			    watch->calls);
}

/* The last lines of the output, as the reason; all of it is kept beside the profiles. */
static enum sut_rc refuse_build(struct sut_making *making, const char *output, const char *name,
				int status)
{
	const char *kept = sut_arena_printf(making->arena, "%s/%s.log", making->work.root,
					    making->profile->name);
	struct sut_bytes text;
	enum sut_rc rc = sut_file_read(making->arena, output, LOG_MAX, &text, making->diag);
	const char *end, *at;

	if (rc)
		return rc;
	rc = sut_file_write(kept, text.data, text.size, 0600, making->diag);
	if (rc)
		return rc;
	at = end = (const char *)text.data + text.size;
	for (int lines = 0; at > (const char *)text.data && lines <= LAST_LINES; at--)
		lines += at[-1] == '\n' && at != end;
	if (at > (const char *)text.data)
		at += 2;
	rc = sut_fail(making->diag, SUT_REFUSED, "profile",
		      "%s: its build fails with status %d; what it said is in %s", name, status,
		      kept);
	while (at < end) {
		size_t length = strcspn(at, "\n");

		sut_context(making->diag, rc, "%.*s", (int)length, at);
		at += length + 1;
	}
	sut_remedy(making->diag, "make it build here without suture first");
	return rc;
}

static enum sut_rc run_room(struct sut_making *making, struct sut_room *room, bool plain,
			    const char *path, struct watch *watch, int *status)
{
	const char *folder =
		sut_arena_printf(making->arena, "%s/%s", making->scratch, plain ? "plain" : "room");
	struct sut_recorder recorder;
	enum sut_rc rc;

	/* The recorder's folder and the room's are two: one shows the other. */
	room->folder = sut_arena_printf(making->arena, "%s-root", folder);
	if (mkdir(folder, 0755) < 0 || mkdir(room->folder, 0755) < 0)
		return sut_fail_errno(making->diag, "%s: cannot be made", folder);
	rc = sut_record_prepare(making->arena, folder, path, !plain, &recorder, making->diag);
	if (rc)
		return rc;
	room->recorder = &recorder;
	watch->log = open(recorder.log, O_RDONLY | O_CLOEXEC);
	watch->calls = 0;
	rc = sut_room_run(making->arena, room, plain, status, making->diag);
	if (watch->log >= 0)
		close(watch->log);
	if (rc == SUT_OK)
		rc = sut_record_read(making->arena, recorder.log, &making->entries,
				     &making->entry_count, making->diag);
	return rc;
}

/* plain: what to do where no room can be had. */
static enum sut_rc run_build(struct sut_making *making, struct sut_room *room,
			     struct sut_room *plain, const char *path, const char *name)
{
	struct watch watch = {.making = making, .name = name, .log = -1};
	int status;
	enum sut_rc rc;

	room->tick = plain->tick = tick;
	room->context = plain->context = &watch;
	room->output = plain->output =
		sut_arena_printf(making->arena, "%s/build.log", making->folder);
	rc = run_room(making, room, false, path, &watch, &status);
	making->profile->isolated = rc != SUT_UNSUPPORTED;
	if (rc == SUT_UNSUPPORTED) {
		sut_note(making->arena, making->notes,
			 "%s; built in place, so compilers called by an absolute path are not seen",
			 making->diag->entry[0]);
		sut_diag_reset(making->diag);
		rc = run_room(making, plain, true, path, &watch, &status);
	}
	if (rc == SUT_OK && status)
		rc = refuse_build(making, room->output, name, status);
	return rc;
}

enum sut_rc sut_build_package(struct sut_making *making, const char *parent, const char *origin)
{
	static char *const argv[] = {"dpkg-buildpackage",        "--build=any",
				     "--unsigned-source",        "--unsigned-changes",
				     "--build-profiles=nocheck", NULL};
	static const char path[] = "/usr/sbin:/usr/bin:/sbin:/bin";
	struct sut_arena *arena = making->arena;
	const char *home = sut_arena_printf(arena, "%s/home", making->scratch);
	const char *inner = sut_arena_printf(arena, "%s/%s", parent, making->package.folder);
	const char *variables[] = {
		sut_arena_printf(arena, "HOME=%s", home),
		sut_arena_printf(arena, "TMPDIR=%s", home),
		"LC_ALL=C.UTF-8",
		sut_arena_printf(arena, "DEB_BUILD_OPTIONS=nocheck parallel=%d", get_nprocs()),
		/* The packages themselves are thrown away. */
		"DPKG_DEB_COMPRESSOR_TYPE=none",
		NULL,
	};
	struct sut_room room = {
		.inner = parent,
		.path = sut_arena_strndup(arena, origin, (size_t)(strrchr(origin, '/') - origin)),
		.directory = origin,
		.argv = argv,
		.variables = variables,
		.fresh = true,
	};
	struct sut_room plain = {
		.directory = inner,
		.argv = argv,
		.variables = variables,
		.fresh = true,
	};
	enum sut_rc rc;

	if (mkdir(home, 0700) < 0)
		return sut_fail_errno(making->diag, "%s: cannot be made", home);
	rc = run_build(making, &room, &plain, path,
		       sut_arena_printf(arena, "%s %s", making->package.source,
					making->package.version));
	making->profile->origin = making->profile->isolated ? origin : inner;
	return rc;
}

enum sut_rc sut_build_tree(struct sut_making *making)
{
	struct sut_room room = {
		.directory = making->profile->origin,
		.argv = making->options->command,
	};
	struct sut_room plain = room;

	return run_build(making, &room, &plain, sut_record_path(), making->profile->origin);
}
