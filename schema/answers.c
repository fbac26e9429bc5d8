#include "schema/answers.h"

#include <stdlib.h>

#include "schema/sql.h"

void answers_clear(struct answers *an)
{
	for (size_t i = 0; i < an->n; i++) {
		struct answer *it = an->v[i];

		for (uint32_t k = 0; k < it->nresult; k++)
			free(it->result[k].detail);
		free(it->result);
		if (it->stream)
			it->stream->item = NULL;
		free(it);
	}
	an->n = an->told = an->told_results = 0;
}

void answers_done(struct answers *an)
{
	answers_clear(an);
	free(an->v);
	buf_done(&an->text);
	*an = (struct answers){0};
}

static struct answer *add(struct answers *an, const struct intake_from *from)
{
	struct answer *it = xcalloc(1, sizeof *it);

	slice_copy(it->device, sizeof it->device, from->device);
	slice_copy(it->district, sizeof it->district, from->district);
	it->tag = from->tag;
	if (an->n == an->cap) {
		an->cap = an->cap ? an->cap * 2 : 64;
		an->v = xrealloc(an->v, an->cap * sizeof(struct answer *));
	}
	an->v[an->n++] = it;
	return it;
}

struct answer *answers_on(struct answers *an, struct stream *t, const struct intake_from *from)
{
	struct answer *it;

	for (it = t->item; it; it = it->same)
		if (it->tag == from->tag && slice_is(from->district, it->district))
			return it;
	it = add(an, from);
	it->stream = t;
	it->same = t->item;
	t->item = it;
	return it;
}

void answers_error(struct answers *an, const struct intake_from *from, enum reject code, int64_t limit)
{
	struct answer *it = add(an, from);

	it->error = code;
	it->limit = limit;
}

void answer_result(struct answer *it, int64_t seq, const char *status, const char *code, const char *detail)
{
	struct result *r;

	for (uint32_t i = 0; i < it->nresult; i++)
		if (it->result[i].seq == seq && it->result[i].status &&
			strcmp(it->result[i].status, status) == 0)
			return; /* said once in an ack */
	if (it->nresult == it->cap) {
		it->cap = it->cap ? it->cap * 2 : 8;
		it->result = xrealloc(it->result, it->cap * sizeof *it->result);
	}
	r = &it->result[it->nresult++];
	*r = (struct result){seq, status, code, xstrdup(detail)};
}

void answers_released(struct stream *t, int64_t seq, int64_t commit)
{
	for (struct answer *it = t->item; it; it = it->same) {
		it->commit = commit;
		for (uint32_t i = 0; i < it->nresult; i++)
			if (it->result[i].seq == seq && it->result[i].status &&
				strcmp(it->result[i].status, "held") == 0) {
				it->result[i].status = NULL;
				it->stored++; /* else who sent it counts it as not answered */
			}
	}
}

/* ------------------------------------------------------------------ as acks */

static void put_result(struct buf *b, int64_t seq, struct slice status, struct slice code, struct slice detail)
{
	buf_json_sep(b);
	buf_addf(b, "{\"seq\":%lld,\"status\":", (long long)seq);
	buf_json(b, status.p, status.n);
	buf_adds(b, ",\"code\":");
	buf_json(b, code.p, code.n);
	if (detail.n) {
		buf_adds(b, ",\"detail\":");
		buf_json(b, detail.p, detail.n);
	}
	buf_addc(b, '}');
}

/* A hello gets all results from `first` on, as the database has them, ANSWERS_TOLD at a time.
 * *from: where to go on; false: that was all. */
static bool put_known(struct answers *an, struct store *st, const struct stream *t, int64_t *from, int *room)
{
	sqlite3_stmt *q = sql_get(st,
		"SELECT seq, status, code, detail FROM answer WHERE stream = ?1 AND seq >= ?2 UNION "
		"SELECT DISTINCT seq, 'conflict', 'conflict', 'another content came first' FROM conflict "
		"WHERE stream = ?1 AND seq >= ?2 ORDER BY 1, 2 LIMIT 2000");
	int64_t last = -1;
	bool more = false;

	sql_int(q, 1, t->id);
	sql_int(q, 2, *from);
	while (sql_row(q) == OK) {
		int64_t seq = sqlite3_column_int64(q, 0);

		if (*room <= 0 && seq != last) {
			*from = seq;
			more = true;
			break;
		}
		put_result(&an->text, seq, sql_col(q, 1), sql_col(q, 2), sql_col(q, 3));
		last = seq;
		(*room)--;
	}
	sql_done(q);
	return more;
}

static void put_head(struct answers *an, int64_t commit, int64_t now_ms, const struct answer *it)
{
	struct window_range gap[WINDOW_GAPS_TOLD];
	struct buf *b = &an->text;
	int64_t upto;
	uint32_t n = window_tell(&it->stream->window, &upto, gap);

	buf_adds(b, "{\"type\":\"ack\",\"epoch\":\"");
	buf_adds(b, it->stream->epoch); /* 0-9 a-z */
	buf_adds(b, "\",\"upto\":");
	buf_int(b, upto);
	buf_adds(b, ",\"missing\":[");
	for (uint32_t i = 0; i < n; i++)
		buf_addf(b, "%s[%lld,%lld]", i ? "," : "", (long long)gap[i].lo, (long long)gap[i].hi);
	buf_adds(b, "],\"commit\":");
	buf_int(b, it->commit ? it->commit : commit);
	buf_adds(b, ",\"time\":");
	buf_int(b, now_ms);
	buf_adds(b, ",\"results\":[");
}

static void put_error(struct answers *an, const struct answer *it)
{
	buf_adds(&an->text, "{\"type\":\"ack\",\"error\":{\"code\":");
	buf_json_str(&an->text, intake_reject_names[it->error]);
	if (it->limit)
		buf_addf(&an->text, ",\"limit\":%lld", (long long)it->limit);
	buf_adds(&an->text, "}}");
}

/* The next ack of `it`; true when it needs another one. */
static bool put_ack(struct answers *an, struct store *st, int64_t commit, int64_t now_ms, struct answer *it)
{
	int room = ANSWERS_TOLD;
	bool more = false;

	buf_clear(&an->text);
	if (!it->stream) {
		put_error(an, it);
		return false;
	}
	put_head(an, commit, now_ms, it);
	if (it->hello_first) {
		if (it->stream->answers)
			more = put_known(an, st, it->stream, &it->hello_first, &room);
	} else {
		for (; an->told_results < it->nresult && room > 0; an->told_results++) {
			const struct result *r = &it->result[an->told_results];

			if (!r->status)
				continue;
			put_result(&an->text, r->seq, slice_of(r->status), slice_of(r->code), slice_of(r->detail));
			room--;
		}
		more = an->told_results < it->nresult;
	}
	buf_adds(&an->text, "]}");
	return more;
}

bool answers_next(struct answers *an, struct store *st, int64_t commit, int64_t now_ms, struct intake_ack *out)
{
	struct answer *it;

	if (an->told >= an->n)
		return false;
	it = an->v[an->told];
	if (!put_ack(an, st, commit, now_ms, it)) {
		an->told++;
		an->told_results = 0;
	}
	*out = (struct intake_ack){it->device, it->district, it->tag, buf_slice(&an->text), it->stored,
		it->duplicate, it->stream ? it->stream->epoch : NULL,
		it->stream && !it->hello_first && !it->nresult};
	it->stored = it->duplicate = 0; /* a second ack for the rest of the results adds none */
	return true;
}
