// SPDX-License-Identifier: GPL-2.0-or-later
/* suture-sim: plays scenarios. docs/scenarios.md says what a scenario is. */
#include "sim/explore-command.h"
#include "sim/play.h"

#include "base/guard.h"

#include <stdio.h>
#include <string.h>

enum { STATUS_FINE, STATUS_DIFFERS, STATUS_NO_SCENARIO };

static const char help[] =
	"suture-sim FILE...          plays scenarios and prints them with what came\n"
	"suture-sim --check FILE...  says where something else came than is written\n"
	"suture-sim --explore core   tries every order of events on the core\n"
	"suture-sim --explore lazy   tries every interleaving of the lazy switch\n"
	"suture-sim --help           this\n"
	"\n"
	"docs/scenarios.md describes the language. The exit status is 0, 1 if some file differs,\n"
	"2 if some file is not a scenario.\n";

/* One file, a world of its own. */
static int play_file(const char *path, bool check)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_script script;
	struct sut_diag diag = {0};
	struct sut_world world;
	int status = STATUS_FINE;
	size_t line;

	if (sut_script_read(&arena, path, &script, &diag)) {
		fprintf(stderr, "%s\n", diag.entry[0]);
		return STATUS_NO_SCENARIO;
	}
	sut_world_init(&world);
	if (!sut_play(&world, &script, &line)) {
		fprintf(stderr, "%s:%zu: %s\n", path, line, world.reason);
		status = STATUS_NO_SCENARIO;
	} else if (!check)
		sut_transcript_print(&world.transcript, stdout);
	else if (!sut_transcript_check(&world.transcript, &script, stdout))
		status = STATUS_DIFFERS;
	sut_world_deinit(&world);
	return status;
}

int main(int argc, char **argv)
{
	bool check = argc > 1 && strcmp(argv[1], "--check") == 0;
	int first = check ? 2 : 1, status = STATUS_FINE, agree = 0;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(help, stdout);
		return STATUS_FINE;
	}
	if (argc > 2 && strcmp(argv[1], "--explore") == 0 && strcmp(argv[2], "core") == 0)
		return sut_explore_command(&sut_exploration_core, argc - 2, argv + 2);
	if (argc > 2 && strcmp(argv[1], "--explore") == 0 && strcmp(argv[2], "lazy") == 0)
		return sut_explore_command(&sut_exploration_lazy, argc - 2, argv + 2);
	if (argc <= first || (!check && argv[1][0] == '-')) {
		fputs(help, stderr);
		return STATUS_NO_SCENARIO;
	}
	for (int i = first; i < argc; i++) {
		int rc = play_file(argv[i], check);

		agree += rc == STATUS_FINE;
		if (rc > status)
			status = rc;
	}
	if (check)
		printf("%d of %d agree\n", agree, argc - first);
	return status;
}
