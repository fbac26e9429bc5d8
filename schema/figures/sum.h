/* sum.h - what the figures of a place, and of its parts, are made of: added up in short reads, and yet of one commit.
 *
 *   figures_sum_new --> figures_sum_read, figures_sum_read ... (*more false) --> figures_sum_show --> figures_sum_free
 *
 * Each figures_sum_read is called in a snapshot of its own, and goes on until its time is over.  It first looks which of the pieces read
 * before (a span's tallies, a person's duties, the households) have changed since, which costs some look-ups: these are read again.  So
 * when nothing is left all are of the snapshot of that last call, as if they had been read in it; the caller takes what else must agree
 * from the same snapshot.  What is still being counted is little (books_spans), so little is read twice.
 *
 * When all was read once, and what had changed read again, FIGURES_ROUNDS times over, and something has changed once more, the next call
 * reads what is left however long it takes, or says ERR_FULL to whoever has another way (an export: as of where it stands).
 * What a change of the registry or a freeze touches is not known piece by piece: ERR_STALE, begin again with a new one. */
#ifndef XUNGE_SCHEMA_FIGURES_SUM_H
#define XUNGE_SCHEMA_FIGURES_SUM_H

#include "schema/figures/figures.h"

#define FIGURES_ROUNDS 8
#define FIGURES_WHOLE 0 /* what was asked for, beside its parts */

struct figures_sum;

/* part: area codes of one length inside of what is asked for; NULL: none.  ask and they are copied but for their texts, which are borrowed. */
struct figures_sum *figures_sum_new(struct store *st, const struct figures_ask *ask, const char *const *part, size_t parts);
void figures_sum_free(struct figures_sum *s); /* NULL does nothing */

struct figures_pace {
	int64_t until_mono_ms; /* 0: no end */
	bool still;            /* the database does not change: it stands at an older commit, or all is one snapshot */
	bool brief;            /* ERR_FULL in the place of a long read */
	bool little;           /* as little as can be at once (tests) */
};
enum err figures_sum_read(struct figures_sum *s, const struct figures_pace *pace, bool *more) MUST_CHECK;

/* All rows of the whole (FIGURES_WHOLE), or of a part (from 1 on), as figures_read() gives them. */
void figures_sum_show(struct figures_sum *s, size_t part, void (*row)(void *ctx, const struct figure_value *v), void *ctx);

/* ------------------------------------------------------------------ between sum.c and figures_read.c */

struct figures_entry { /* a tally over the period */
	const char *level, *category;
	int64_t n;
	uint32_t place;
	char figure[]; /* then level and category */
};

struct figures_named { /* a category of the catalogue */
	const char *code, *name;
	bool valid; /* on a day of the period */
	char klass[]; /* then code and name */
};

struct figures_households {
	int64_t households, persons;                 /* all on the list */
	int64_t removed_households, removed_persons; /* those whose latest state is risk_removed */
};

struct freeze_words;
struct figures_parts { /* of one place */
	const struct figures_ask *ask;
	struct figures_entry *const *entry; /* by figure, level, category */
	size_t n;
	int64_t visited; /* households, beside the entries */
	struct figures_named *const *named; /* by class and code */
	size_t nnamed;
	struct figures_households households;
	struct freeze_words *words; /* of a period that another program froze; NULL: figures[] has them */
};
void figures_evaluate(const struct figures_parts *p, void (*row)(void *ctx, const struct figure_value *v), void *ctx);

#endif
