#include "schema/intake_parts.h"

#include "schema/sql.h"

enum repeat { REPEAT_SAME, REPEAT_OTHER };

static bool same_event(struct intake *in, uint32_t tok, struct slice raw, struct slice first)
{
	if (slice_eq(raw, first))
		return true;
	if (in->json.err != JSON_OK)
		return false; /* its bytes are all there is */
	(void)json_read(&in->again, first.p, first.n); /* what is broken is compared as it stands */
	return in->again.err == JSON_OK && json_same(&in->json, tok, &in->again, 0);
}

/* Calls back nothing: compares the event at tok with the first of its identity. */
static enum err compare_first(struct intake *in, struct stream *t, int64_t seq, const char *status,
	uint32_t tok, struct slice raw, enum repeat *out)
{
	sqlite3_stmt *q;
	int64_t commit = 0;
	enum err e = OK;

	if (status && strcmp(status, "rejected") == 0) {
		q = sql_get(in->st, "SELECT raw FROM reject WHERE device = ? AND epoch = ? AND seq = ?");
		sql_str(q, 1, t->device);
		sql_str(q, 2, t->epoch);
		sql_int(q, 3, seq);
	} else if (status) {
		q = sql_get(in->st, "SELECT raw FROM held WHERE stream = ? AND seq = ?");
		sql_int(q, 1, t->id);
		sql_int(q, 2, seq);
	} else {
		if ((e = stream_find(&in->streams, t, seq, &commit)) != OK)
			return e;
		if (commit == 0)
			return ERR_CORRUPT; /* answered, yet nowhere */
		q = sql_get(in->st, "SELECT raw FROM event WHERE \"commit\" = ?");
		sql_int(q, 1, commit);
	}
	if ((e = sql_row(q)) == OK)
		*out = same_event(in, tok, raw, sql_col(q, 0)) ? REPEAT_SAME : REPEAT_OTHER;
	sql_done(q);
	return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
}

/* Keeps the other content of a known identity, once. */
static enum err keep_conflict(struct intake *in, struct stream *t, int64_t seq, uint32_t tok, struct slice raw, int64_t recv_ms)
{
	sqlite3_stmt *q = sql_get(in->st, "SELECT raw FROM conflict WHERE stream = ? AND seq = ? ORDER BY id LIMIT 100");
	bool known = false;
	int n = 0;
	enum err e;

	sql_int(q, 1, t->id);
	sql_int(q, 2, seq);
	for (; !known && (e = sql_row(q)) == OK; n++)
		known = same_event(in, tok, raw, sql_col(q, 0));
	sql_done(q);
	in->counts.conflict++;
	if (known || n == 100) /* a hundred contents of one identity tell enough */
		return OK;
	if (e != ERR_NOTFOUND)
		return e;
	q = sql_get(in->st, "INSERT INTO conflict(stream, seq, recv, raw) VALUES(?, ?, ?, ?)");
	sql_int(q, 1, t->id);
	sql_int(q, 2, seq);
	sql_int(q, 3, recv_ms);
	sql_text(q, 4, raw);
	t->answers++;
	streams_touch(&in->streams, t);
	in->changed = true;
	return sql_run(q);
}

/* An identity that has its answer: the same answer again, or a conflict. */
enum err repeat_take(struct intake *in, struct stream *t, struct answer *it, int64_t seq,
	uint32_t tok, struct slice raw, int64_t recv_ms)
{
	char status[16] = "", code[32] = "", detail[192] = "";
	enum repeat what = REPEAT_SAME;
	sqlite3_stmt *q;
	enum err e = ERR_NOTFOUND;

	if (t->answers) {
		q = sql_get(in->st, "SELECT status, code, detail FROM answer WHERE stream = ? AND seq = ?");
		sql_int(q, 1, t->id);
		sql_int(q, 2, seq);
		if ((e = sql_row(q)) == OK) {
			slice_copy(status, sizeof status, sql_col(q, 0));
			slice_copy(code, sizeof code, sql_col(q, 1));
			slice_copy(detail, sizeof detail, sql_col(q, 2));
		}
		sql_done(q);
		if (e != OK && e != ERR_NOTFOUND)
			return e;
	}
	e = compare_first(in, t, seq, status[0] ? status : NULL, tok, raw, &what);
	if (e != OK)
		return e;
	if (what == REPEAT_OTHER) {
		answer_result(it, seq, "conflict", "conflict", "another content came first");
		return keep_conflict(in, t, seq, tok, raw, recv_ms);
	}
	in->counts.duplicate++;
	if (!status[0]) {
		it->duplicate++;
		return OK;
	}
	for (const char *const *n = intake_reject_names; *n; n++)
		if (strcmp(*n, code) == 0)
			answer_result(it, seq, "rejected", *n, detail);
	for (const char *const *n = intake_hold_names; *n; n++)
		if (strcmp(*n, code) == 0)
			answer_result(it, seq, "held", *n, detail);
	return OK;
}
