// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What gcc says of its own decisions between functions: -fdump-ipa-clones. It has what DWARF has
 * not, functions that were inlined and of which nothing is left to be seen.
 *
 *   Callgraph clone;slot_of;0;table.h;30;19;table_find;29;table.c;24;15;inlining to
 *   Callgraph clone;note;27;table.c;16;38;note.isra.0;37;table.c;16;38;isra
 *   Callgraph removal;slot_of;0;table.h;30;19
 */
#include "source/facts.h"
#include "base/io.h"
#include "units/work.h"

#include <string.h>

enum { DUMP_MAX = 64 << 20 /* bytes */ };

/* The field of that number of a line, from 0. */
static const char *field(struct sut_arena *arena, const char *line, size_t number)
{
	while (number-- && *line != '\n' && *line)
		line += strcspn(line, ";\n") + (line[strcspn(line, ";\n")] == ';');
	return sut_arena_strndup(arena, line, strcspn(line, ";\n"));
}

static void read_line(struct sut_facts *facts, const char *line)
{
	const char *verb = field(facts->arena, line, 0);
	const char *name = sut_facts_base(facts->arena, field(facts->arena, line, 1));

	if (!strcmp(verb, "Callgraph clone") &&
	    !strcmp(field(facts->arena, line, 11), "inlining to"))
		sut_facts_add_inlined(facts,
				      sut_facts_base(facts->arena, field(facts->arena, line, 6)),
				      name);
}

/* What is inlined into something that is inlined itself goes with it. */
static void close_inlined(struct sut_facts *facts)
{
	for (size_t i = 0; i < facts->inlined_count; i++)
		for (size_t k = 0; k < facts->inlined_count; k++)
			if (!strcmp(facts->inlined[k].host, facts->inlined[i].callee))
				sut_facts_add_inlined(facts, facts->inlined[i].host,
						      facts->inlined[k].callee);
}

enum sut_rc sut_facts_read_clones(struct sut_facts *facts, const struct sut_unit *unit,
				  struct sut_verdict *verdict, struct sut_diag *diag)
{
	const char *dump = sut_arena_printf(facts->arena, "%s.clones", unit->after);
	struct sut_job job =
		sut_work_job(unit->work, unit->candidate, SUT_SIDE_AFTER, SUT_COMPILE_SECTIONS,
			     sut_arena_printf(facts->arena, "%s.o", dump));
	struct sut_bytes text;
	size_t count = 0;
	const char **argv;
	enum sut_rc rc;

	while (job.argv[count])
		count++;
	argv = sut_arena_array(facts->arena, count + 2, sizeof(*argv));
	memcpy(argv, job.argv, count * sizeof(*argv));
	argv[count] = sut_arena_printf(facts->arena, "-fdump-ipa-clones=%s", dump);
	job.argv = argv;
	rc = sut_compilers_run(facts->arena, &job, 1, verdict, diag);
	/* Other compilers do not have the option; then DWARF is all there is. */
	if (rc || job.status)
		return rc;
	rc = sut_file_read(facts->arena, dump, DUMP_MAX, &text, diag);
	for (const char *line = (const char *)text.data; rc == SUT_OK && *line;
	     line += strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n'))
		read_line(facts, line);
	close_inlined(facts);
	return rc;
}
