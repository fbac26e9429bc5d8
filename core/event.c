#include "core/event.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "base/utf8.h"
#include "core/area.h"

#define COUNT_MAX 1000000000LL    /* persons, staff, queue ... */
#define FEN_MAX 1000000000000LL   /* ten billion yuan */
#define QTY_MAX 1000000000000LL
#define FIELDS_MAX 20             /* of one object */

enum type {
	T_ID,     /* 1..36 of [0-9a-zA-Z-] */
	T_EPOCH,  /* 1..32 of [0-9a-z] */
	T_CODE,   /* 1..64 of [0-9a-zA-Z_-] */
	T_NAME,   /* 1..64 bytes, no control characters */
	T_TEXT,   /* at most `hi` bytes */
	T_PLACE,  /* area or reach code */
	T_SHA256, /* 64 of [0-9a-f] */
	T_WORD,   /* one of `words` */
	T_INT,    /* lo..hi */
	T_QTY,    /* 0..QTY_MAX, at most three decimals */
	T_BOOL,
	T_EVENT,  /* device/epoch/seq */
	T_LOC,
	T_ATT,
	T_PTS,
	T_OBJECT,
	T_NUMBER,
	T_ANY_TEXT,
	T_TOKEN,  /* anything: its token is kept */
};

/* One member of an object.  Where `to` is set, its value goes there in struct event: slice,
 * int64_t (T_INT), bool, event_id. */
struct field {
	const char *name;
	uint32_t len; /* of name */
	enum type type;
	bool required;
	int64_t lo, hi;
	const char *const *words;
	uint32_t to;
};

#define NEED(n, t, ...) {.name = n, .len = sizeof(n) - 1, .type = (t), .required = true, __VA_ARGS__}
#define MAY(n, t, ...) {.name = n, .len = sizeof(n) - 1, .type = (t), __VA_ARGS__}
#define NOWHERE 0 /* offset of raw, which no field fills */
#define TO(m) offsetof(struct event, m)

static const char *const routes[] = {"river", "gully", "road", "grid", "burning", NULL};
static const char *const ways[] = {"drone", "meeting", "onsite", "paper", NULL};
static const char *const crses[] = {"wgs84", "gcj02", "cgcs2000", NULL}; /* as enum crs */
static const char *const inspected[] = {"ok", "problem", NULL};
static const char *const states[] = {"identified", "helped", "risk_removed", "relapsed", NULL};
static const char *const classes[] = {"hazard", "finding", "appeal", "dispute", "rectify", NULL};
static const char *const actions[] = {"ack", "accept", "decline", "dispatch", "sign", "return",
	"escalate", "extend", "suspend", "resume", "urge", "handle", "verify_pass", "verify_fail",
	"rate", "reopen", "void", NULL};
static const char *const results[] = {"rectified", "done", "transferred", "stopped",
	"settled_written", "settled_oral", "failed", "guided", "withdrawn", NULL};
static const char *const ratings[] = {"satisfied", "basic", "dissatisfied", "no_contact", NULL};
static const char *const mimes[] = {"image/jpeg", "image/png", "image/webp", NULL};

enum { E_EPOCH, E_SEQ, E_KIND, E_AT, E_OFF, E_REC, E_PERSON, E_SCOPE, E_LOC, E_REF, E_BASE, E_ATT,
	E_AS, E_BODY };

static const struct field envelope[] = {
	[E_EPOCH] = NEED("epoch", T_EPOCH, .to = TO(epoch)),
	[E_SEQ] = NEED("seq", T_INT, .lo = 1, .hi = EVENT_SEQ_MAX, .to = TO(seq)),
	[E_KIND] = NEED("kind", T_ANY_TEXT),
	[E_AT] = NEED("at", T_INT, .lo = 0, .hi = EVENT_MS_MAX, .to = TO(at_ms)),
	[E_OFF] = MAY("off", T_INT, .lo = -EVENT_OFF_MAX, .hi = EVENT_OFF_MAX, .to = TO(off_ms)),
	[E_REC] = MAY("rec", T_INT, .lo = 0, .hi = EVENT_MS_MAX, .to = TO(rec_ms)),
	[E_PERSON] = MAY("person", T_NAME, .to = TO(person)),
	[E_SCOPE] = MAY("scope", T_PLACE, .to = TO(scope)),
	[E_LOC] = MAY("loc", T_LOC),
	[E_REF] = MAY("ref", T_ID, .to = TO(ref)),
	[E_BASE] = MAY("base", T_EVENT, .to = TO(base)),
	[E_ATT] = MAY("att", T_ATT),
	[E_AS] = MAY("as", T_TOKEN, .to = TO(as)),
	[E_BODY] = NEED("body", T_OBJECT),
};

static const struct field patrol_start[] = {
	NEED("patrol", T_ID, .to = TO(patrol)),
	NEED("route", T_WORD, .words = routes, .to = TO(route)),
	NEED("target", T_PLACE, .to = TO(target)),
	MAY("for", T_NAME, .to = TO(for_person)),
};
static const struct field patrol_track[] = {
	NEED("patrol", T_ID, .to = TO(patrol)),
	NEED("pts", T_PTS),
	MAY("crs", T_WORD, .words = crses),
	MAY("mock", T_BOOL, .to = TO(mock)),
};
static const struct field patrol_end[] = {
	NEED("patrol", T_ID, .to = TO(patrol)),
	MAY("clear", T_BOOL, .to = TO(clear)),
	MAY("note", T_TEXT, .hi = EVENT_TEXT_MAX),
};
static const struct field patrol_substitute[] = {
	NEED("patrol", T_ID, .to = TO(patrol)),
	NEED("way", T_WORD, .words = ways, .to = TO(way)),
	NEED("target", T_PLACE, .to = TO(target)),
};
static const struct field inspect[] = {
	NEED("topic", T_CODE, .to = TO(category)),
	NEED("result", T_WORD, .words = inspected),
	MAY("people", T_INT, .hi = COUNT_MAX),
	MAY("object", T_TEXT, .hi = EVENT_LINE_MAX),
};
static const struct field visit[] = {
	MAY("group", T_NAME),
	MAY("household", T_NAME, .to = TO(household)),
	MAY("persons", T_INT, .hi = COUNT_MAX),
	MAY("staff", T_INT, .hi = COUNT_MAX, .to = TO(staff)),
	MAY("aid_fen", T_INT, .hi = FEN_MAX, .to = TO(aid_fen)),
};
static const struct field work[] = {
	NEED("item", T_CODE, .to = TO(category)),
	NEED("qty", T_QTY, .to = TO(qty_milli)),
	MAY("unit", T_NAME, .to = TO(unit)),
	MAY("approx", T_BOOL, .to = TO(approx)),
};
static const struct field household[] = {
	NEED("household", T_NAME, .to = TO(household)),
	MAY("type", T_NAME, .to = TO(type)),
	MAY("persons", T_INT, .hi = COUNT_MAX, .to = TO(persons)),
	NEED("state", T_WORD, .words = states, .to = TO(state)),
};
static const struct field case_report[] = {
	NEED("case", T_ID, .to = TO(casus)),
	NEED("class", T_WORD, .words = classes, .to = TO(klass)),
	NEED("category", T_CODE, .to = TO(category)),
	MAY("severity", T_INT, .lo = 1, .hi = 4),
	MAY("title", T_TEXT, .hi = EVENT_LINE_MAX, .to = TO(title)),
	MAY("text", T_TEXT, .hi = EVENT_TEXT_MAX, .to = TO(text)),
	MAY("self_fixed", T_BOOL, .to = TO(self_fixed)),
	MAY("channel", T_TEXT, .hi = EVENT_LINE_MAX),
	MAY("ext_no", T_TEXT, .hi = EVENT_LINE_MAX),
	MAY("people", T_INT, .hi = COUNT_MAX),
	MAY("parties", T_TEXT, .hi = EVENT_TEXT_MAX),
	MAY("amount_fen", T_INT, .hi = FEN_MAX),
	MAY("risk", T_TEXT, .hi = EVENT_LINE_MAX),
	MAY("issuer", T_TEXT, .hi = EVENT_LINE_MAX, .to = TO(issuer)),
	MAY("item_no", T_TEXT, .hi = EVENT_LINE_MAX),
	MAY("object", T_TEXT, .hi = EVENT_LINE_MAX),
	MAY("unit", T_TEXT, .hi = EVENT_LINE_MAX),
	MAY("due", T_INT, .hi = EVENT_MS_MAX, .to = TO(due_ms)),
};
static const struct field case_act[] = {
	NEED("case", T_ID, .to = TO(casus)),
	NEED("action", T_WORD, .words = actions, .to = TO(action)),
	MAY("note", T_TEXT, .hi = EVENT_TEXT_MAX, .to = TO(note)),
	MAY("to", T_NAME, .to = TO(to)),
	MAY("until", T_INT, .hi = EVENT_MS_MAX, .to = TO(until_ms)),
	MAY("result", T_WORD, .words = results, .to = TO(result)),
	MAY("rating", T_WORD, .words = ratings, .to = TO(rating)),
};
static const struct field sos[] = {
	MAY("text", T_TEXT, .hi = EVENT_TEXT_MAX, .to = TO(title)),
};
static const struct field status[] = {
	MAY("battery", T_INT, .hi = 100),
	MAY("queue", T_INT, .hi = COUNT_MAX, .to = TO(queue)),
	MAY("oldest", T_INT, .hi = EVENT_MS_MAX),
	MAY("app", T_NAME),
	MAY("free_mb", T_INT, .hi = COUNT_MAX),
};
static const struct field voiding[] = {
	NEED("target", T_EVENT, .to = TO(victim)),
	MAY("reason", T_TEXT, .hi = EVENT_TEXT_MAX),
};

#define FIELDS(f) f, ARRAY_LEN(f)

static const struct kind {
	const char *name, *zh;
	const struct field *field;
	uint32_t n;
} kinds[EVENT_KINDS + 1] = {
	[EV_PATROL_START] = {"patrol.start", "开始巡查", FIELDS(patrol_start)},
	[EV_PATROL_TRACK] = {"patrol.track", "轨迹", FIELDS(patrol_track)},
	[EV_PATROL_END] = {"patrol.end", "结束巡查", FIELDS(patrol_end)},
	[EV_PATROL_SUBSTITUTE] = {"patrol.substitute", "多样化巡河", FIELDS(patrol_substitute)},
	[EV_INSPECT] = {"inspect", "专项检查", FIELDS(inspect)},
	[EV_VISIT] = {"visit", "入户走访", FIELDS(visit)},
	[EV_WORK] = {"work", "整治工作量", FIELDS(work)},
	[EV_HOUSEHOLD] = {"household", "监测户", FIELDS(household)},
	[EV_CASE_REPORT] = {"case.report", "上报", FIELDS(case_report)},
	[EV_CASE_ACT] = {"case.act", "案件动作", FIELDS(case_act)},
	[EV_SOS] = {"sos", "紧急求助", FIELDS(sos)},
	[EV_STATUS] = {"status", "设备状态", FIELDS(status)},
	[EV_VOID] = {"void", "作废", FIELDS(voiding)},
};

static const struct field loc_fields[] = {
	NEED("lat", T_NUMBER), /* numbers are read by check_loc */
	NEED("lon", T_NUMBER),
	MAY("acc", T_NUMBER),
	MAY("crs", T_WORD, .words = crses),
};
enum { A_SHA256, A_BYTES, A_MIME, A_ROLE };
static const struct field att_fields[] = {
	[A_SHA256] = NEED("sha256", T_SHA256),
	[A_BYTES] = MAY("bytes", T_INT, .hi = EVENT_SEQ_MAX),
	[A_MIME] = MAY("mime", T_WORD, .words = mimes),
	[A_ROLE] = MAY("role", T_NAME),
};
enum { H_EPOCH, H_FIRST, H_NEXT, H_TIME, H_APP };
static const struct field hello_fields[] = {
	[H_EPOCH] = NEED("epoch", T_EPOCH),
	[H_FIRST] = NEED("first", T_INT, .lo = 1, .hi = EVENT_SEQ_MAX + 1),
	[H_NEXT] = NEED("next", T_INT, .lo = 1, .hi = EVENT_SEQ_MAX + 1),
	[H_TIME] = MAY("time", T_INT, .lo = 0, .hi = EVENT_MS_MAX),
	[H_APP] = MAY("app", T_TEXT, .hi = 64),
};

static bool is_word(struct slice s, const char *w)
{
	for (uint32_t i = 0; i < s.n; i++)
		if (!w[i] || w[i] != s.p[i])
			return false;
	return !w[s.n];
}

const char *event_kind_name(enum event_kind k)
{
	return k >= 1 && k <= EVENT_KINDS ? kinds[k].name : "?";
}

const char *event_kind_zh(enum event_kind k)
{
	return k >= 1 && k <= EVENT_KINDS ? kinds[k].zh : "?";
}

enum event_kind event_kind_of(struct slice name)
{
	for (int k = 1; k <= EVENT_KINDS; k++)
		if (is_word(name, kinds[k].name))
			return (enum event_kind)k;
	return (enum event_kind)0;
}

const char *event_code_name(enum event_code c)
{
	static const char *const name[] = {"ok", "bad_json", "bad_event", "unknown_kind"};

	return (size_t)c < ARRAY_LEN(name) ? name[c] : "?";
}

/* faults */

struct reader {
	struct json *j;
	struct event_fault *fault;
	const char *outer; /* where we are, as a JSON Pointer: outer [/inner [/index]] */
	const char *inner;
	int index; /* -1: none */
};

/* "POINTER/NAME: what"; false, so that a check can return it. */
static bool bad(struct reader *r, const char *name, const char *what)
{
	char index[16] = "";

	if (r->index >= 0)
		(void)snprintf(index, sizeof index, "/%d", r->index); /* fits */
	r->fault->code = EVENT_BAD_EVENT;
	(void)snprintf(r->fault->detail, sizeof r->fault->detail, "%s%s%s%s%s%s: %s", r->outer,
		r->inner ? "/" : "", r->inner ? r->inner : "", index, *name ? "/" : "", name,
		what); /* cut on purpose */
	return false;
}

/* The peer's words in an answer: one line, whole characters, not much of it. */
static void unknown_kind(struct reader *r, struct slice kind)
{
	char word[48];
	size_t n = 0, len;

	for (uint32_t i = 0; i < kind.n; i += (uint32_t)len) {
		const unsigned char *p = (const unsigned char *)kind.p + i;

		len = *p < 0x80 ? 1 : utf8_len(p, kind.n - i);
		if (!len || n + len >= sizeof word)
			break;
		memcpy(word + n, p, len);
		if (*p < 0x20 || *p == 0x7f)
			word[n] = ' ';
		n += len;
	}
	word[n] = '\0';
	r->fault->code = EVENT_UNKNOWN_KIND;
	(void)snprintf(r->fault->detail, sizeof r->fault->detail, "/kind: %s", word); /* fits */
}

static enum event_code bad_json(struct event_fault *f, enum json_err e, uint32_t at)
{
	f->code = EVENT_BAD_JSON;
	(void)snprintf(f->detail, sizeof f->detail, ": %s at byte %u", json_err_name(e), at); /* fits */
	return f->code;
}

/* checks */

enum { DIGIT = 1, LOWER = 2, UPPER = 4, DASH = 8, BAR = 16, HEX = 32 };

#define D (DIGIT | HEX)
#define A (LOWER | HEX)

static const uint8_t class_of[128] = {
	['-'] = DASH,
	['0'] = D, D, D, D, D, D, D, D, D, D,
	['A'] = UPPER, UPPER, UPPER, UPPER, UPPER, UPPER, UPPER, UPPER, UPPER, UPPER, UPPER, UPPER,
	UPPER, UPPER, UPPER, UPPER, UPPER, UPPER, UPPER, UPPER, UPPER, UPPER, UPPER, UPPER, UPPER, UPPER,
	['_'] = BAR,
	['a'] = A, A, A, A, A, A, LOWER, LOWER, LOWER, LOWER, LOWER, LOWER, LOWER, LOWER, LOWER, LOWER,
	LOWER, LOWER, LOWER, LOWER, LOWER, LOWER, LOWER, LOWER, LOWER, LOWER,
};

#undef D
#undef A

/* lo..hi bytes, each of one of the classes */
static bool made_of(struct slice s, uint32_t lo, uint32_t hi, unsigned classes_ok)
{
	if (s.n < lo || s.n > hi)
		return false;
	for (uint32_t i = 0; i < s.n; i++)
		if ((s.p[i] & 0x80) || !(class_of[(unsigned char)s.p[i]] & classes_ok))
			return false;
	return true;
}

static bool is_epoch(struct slice s)
{
	return made_of(s, 1, EVENT_EPOCH_MAX, DIGIT | LOWER);
}

static bool is_device(struct slice s)
{
	return made_of(s, 1, EVENT_DEVICE_MAX, DIGIT | LOWER | DASH) && s.p[0] != '-';
}

static bool is_name(struct slice s)
{
	if (s.n < 1 || s.n > EVENT_NAME_MAX)
		return false;
	for (uint32_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	return true;
}

static bool is_event_id(struct slice s, struct event_id *out)
{
	const char *end = s.p + s.n, *one = memchr(s.p, '/', s.n), *two;
	struct event_id id = {0};

	if (!one || !(two = memchr(one + 1, '/', (size_t)(end - one - 1))))
		return false;
	id.device = (struct slice){s.p, (uint32_t)(one - s.p)};
	id.epoch = (struct slice){one + 1, (uint32_t)(two - one - 1)};
	two++;
	if (!is_device(id.device) || !is_epoch(id.epoch) || two == end || end - two > 16 ||
		*two == '0')
		return false;
	for (; two < end; two++) {
		if (*two < '0' || *two > '9')
			return false;
		id.seq = id.seq * 10 + (*two - '0');
	}
	if (id.seq > EVENT_SEQ_MAX)
		return false;
	*out = id;
	return true;
}

static bool check_text(struct reader *r, const struct field *f, uint32_t t, struct event *out)
{
	struct slice s = json_text(r->j, t);
	struct event_id id;

	if (r->j->tok[t].type != JSON_STRING)
		return bad(r, f->name, "want a text");
	switch (f->type) {
	case T_ID:
		if (!made_of(s, 1, EVENT_ID_MAX, DIGIT | LOWER | UPPER | DASH))
			return bad(r, f->name, "want 1 to 36 of 0-9 a-z A-Z -");
		break;
	case T_EPOCH:
		if (!is_epoch(s))
			return bad(r, f->name, "want 1 to 32 of 0-9 a-z");
		break;
	case T_CODE:
		if (!made_of(s, 1, EVENT_NAME_MAX, DIGIT | LOWER | UPPER | DASH | BAR))
			return bad(r, f->name, "want 1 to 64 of 0-9 a-z A-Z _ -");
		break;
	case T_NAME:
		if (!is_name(s))
			return bad(r, f->name, "want 1 to 64 bytes without control characters");
		break;
	case T_TEXT:
		if (s.n > f->hi)
			return bad(r, f->name, "too long");
		break;
	case T_PLACE:
		if (area_level(s) == AREA_NONE && !area_is_reach(s))
			return bad(r, f->name, "no area or reach code");
		break;
	case T_SHA256:
		if (!made_of(s, 64, 64, HEX))
			return bad(r, f->name, "want 64 lower-case hex digits");
		break;
	case T_EVENT:
		if (!is_event_id(s, &id))
			return bad(r, f->name, "want device/epoch/seq");
		if (f->to != NOWHERE)
			memcpy((char *)out + f->to, &id, sizeof id);
		return true;
	default:
		break;
	}
	if (f->to != NOWHERE)
		memcpy((char *)out + f->to, &s, sizeof s);
	return true;
}

static bool check_word(struct reader *r, const struct field *f, uint32_t t, struct event *out)
{
	struct slice s = json_text(r->j, t);

	if (r->j->tok[t].type != JSON_STRING)
		return bad(r, f->name, "want a text");
	for (const char *const *w = f->words; *w; w++)
		if (is_word(s, *w)) {
			if (f->to != NOWHERE)
				memcpy((char *)out + f->to, &s, sizeof s);
			return true;
		}
	return bad(r, f->name, "not one of the known words");
}

static bool check_int(struct reader *r, const struct field *f, uint32_t t, struct event *out)
{
	char what[80];
	int64_t v;

	if (!json_int(r->j, t, &v))
		return bad(r, f->name, "want a whole number");
	if (v < f->lo || v > f->hi) {
		(void)snprintf(what, sizeof what, "%lld is not within %lld to %lld", (long long)v,
			(long long)f->lo, (long long)f->hi); /* fits */
		return bad(r, f->name, what);
	}
	if (f->to != NOWHERE)
		memcpy((char *)out + f->to, &v, sizeof v);
	return true;
}

static bool check_qty(struct reader *r, const struct field *f, uint32_t t, struct event *out)
{
	int64_t milli;

	if (!json_scaled(r->j, t, 3, &milli))
		return bad(r, f->name, "want a number with at most 3 decimals");
	if (milli < 0 || milli > QTY_MAX * 1000)
		return bad(r, f->name, "not within 0 to 1000000000000");
	if (f->to != NOWHERE)
		memcpy((char *)out + f->to, &milli, sizeof milli);
	return true;
}

/* A number within lo..hi, NaN-free by json's rules. */
static bool number_in(const struct json *j, uint32_t t, double lo, double hi, double *out)
{
	double v;

	if (!json_double(j, t, &v) || v < lo || v > hi)
		return false;
	*out = v;
	return true;
}

static bool read_object(
	struct reader *r, uint32_t t, const struct field *f, uint32_t n, uint32_t *val);
static bool check_one(struct reader *r, const struct field *f, uint32_t t, struct event *out);

static enum crs crs_of(struct slice s) /* one of crses */
{
	enum crs c = CRS_WGS84;

	while (!slice_is(s, crses[c]))
		c++;
	return c;
}

static bool check_loc(struct reader *r, const struct field *f, uint32_t t, struct event *out)
{
	uint32_t val[ARRAY_LEN(loc_fields)];
	double lat, lon, acc = 0;

	r->inner = f->name;
	if (!read_object(r, t, loc_fields, ARRAY_LEN(loc_fields), val))
		return false;
	if (!number_in(r->j, val[0], -90, 90, &lat))
		return bad(r, "lat", "want degrees within -90 to 90");
	if (!number_in(r->j, val[1], -180, 180, &lon))
		return bad(r, "lon", "want degrees within -180 to 180");
	if (val[2] && !number_in(r->j, val[2], 0, INFINITY, &acc))
		return bad(r, "acc", "want metres, 0 or more");
	if (val[3]) {
		if (!check_one(r, &loc_fields[3], val[3], out))
			return false;
		out->crs = crs_of(json_text(r->j, val[3]));
	}
	out->has_loc = true;
	out->lat_e7 = (int32_t)lround(lat * 1e7);
	out->lon_e7 = (int32_t)lround(lon * 1e7);
	if (val[2])
		out->acc_m = acc > INT32_MAX ? INT32_MAX : (int32_t)ceil(acc);
	r->inner = NULL;
	return true;
}

static bool check_att(struct reader *r, const struct field *f, uint32_t t, struct event *out)
{
	uint32_t val[ARRAY_LEN(att_fields)], n = r->j->tok[t].count, e = t + 1;

	if (r->j->tok[t].type != JSON_ARRAY)
		return bad(r, f->name, "want an array");
	if (n > EVENT_ATT_MAX)
		return bad(r, f->name, "more than 16");
	r->inner = f->name;
	for (uint32_t i = 0; i < n; i++, e = r->j->tok[e].next) {
		r->index = (int)i;
		if (!read_object(r, e, att_fields, ARRAY_LEN(att_fields), val))
			return false;
		for (size_t k = 0; k < ARRAY_LEN(att_fields); k++)
			if (val[k] && !check_one(r, &att_fields[k], val[k], out))
				return false;
		if (val[A_ROLE]) {
			out->photo_before |= slice_is(json_text(r->j, val[A_ROLE]), "before");
			out->photo_after |= slice_is(json_text(r->j, val[A_ROLE]), "after");
		}
	}
	r->inner = NULL;
	r->index = -1;
	out->natt = n;
	out->att = t;
	return true;
}

static bool check_point(struct reader *r, uint32_t t)
{
	const struct json *j = r->j;
	const struct json_tok *k = &j->tok[t];
	int32_t e7;
	int64_t ms;
	double v;

	if (k->type != JSON_ARRAY || k->count < 3 || k->count > 4)
		return bad(r, "", "want [ms, lat, lon, acc]");
	/* before `at` too: a track may be cut anywhere */
	if (!json_int(j, t + 1, &ms) || ms < -EVENT_OFF_MAX || ms > EVENT_OFF_MAX)
		return bad(r, "0", "want whole milliseconds after at");
	if (!json_e7(j, t + 2, 90, &e7))
		return bad(r, "1", "want degrees within -90 to 90");
	if (!json_e7(j, t + 3, 180, &e7))
		return bad(r, "2", "want degrees within -180 to 180");
	if (k->count == 4 && j->tok[t + 4].type != JSON_NULL &&
		!number_in(j, t + 4, 0, INFINITY, &v))
		return bad(r, "3", "want metres, 0 or more");
	return true;
}

static bool check_pts(struct reader *r, const struct field *f, uint32_t t, struct event *out)
{
	uint32_t n = r->j->tok[t].count, e = t + 1;

	if (r->j->tok[t].type != JSON_ARRAY || n < 1 || n > EVENT_PTS_MAX)
		return bad(r, f->name, "want an array of 1 to 500 points");
	r->inner = f->name;
	for (uint32_t i = 0; i < n; i++, e = r->j->tok[e].next) {
		r->index = (int)i;
		if (!check_point(r, e))
			return false;
	}
	r->inner = NULL;
	r->index = -1;
	out->pts = t;
	return true;
}

static bool check_one(struct reader *r, const struct field *f, uint32_t t, struct event *out)
{
	enum json_type type = (enum json_type)r->j->tok[t].type;

	switch (f->type) {
	case T_WORD:
		return check_word(r, f, t, out);
	case T_INT:
		return check_int(r, f, t, out);
	case T_QTY:
		return check_qty(r, f, t, out);
	case T_BOOL:
		if (type != JSON_TRUE && type != JSON_FALSE)
			return bad(r, f->name, "want true or false");
		if (f->to != NOWHERE)
			*(bool *)((char *)out + f->to) = type == JSON_TRUE;
		return true;
	case T_LOC:
		return check_loc(r, f, t, out);
	case T_ATT:
		return check_att(r, f, t, out);
	case T_PTS:
		return check_pts(r, f, t, out);
	case T_TOKEN:
		memcpy((char *)out + f->to, &t, sizeof t);
		return true;
	case T_OBJECT:
		return type == JSON_OBJECT || bad(r, f->name, "want an object");
	default:
		return check_text(r, f, t, out);
	}
}

/* The values of the known members of object t: val[i] for f[i], 0 where it is absent or null.
 * False: no object, or a required member is not there. */
static bool read_object(
	struct reader *r, uint32_t t, const struct field *f, uint32_t n, uint32_t *val)
{
	const struct json_tok *tok = r->j->tok;
	uint32_t k = t + 1, next = 0;

	memset(val, 0, n * sizeof *val);
	if (tok[t].type != JSON_OBJECT)
		return bad(r, "", "want an object");
	for (uint32_t m = tok[t].count; m; m--, k = tok[k + 1].next) {
		struct slice key = tok[k].escaped ? json_text(r->j, k) : json_raw(r->j, k);

		/* members mostly come in the order of our table */
		for (uint32_t i = 0; i < n; i++, next++) {
			if (next >= n)
				next = 0;
			if (key.n == f[next].len && memcmp(key.p, f[next].name, key.n) == 0) {
				val[next] = tok[k + 1].type == JSON_NULL ? 0 : k + 1;
				break;
			}
		}
	}
	for (uint32_t i = 0; i < n; i++)
		if (f[i].required && !val[i])
			return bad(r, f[i].name, "missing");
	return true;
}

static bool check_body(struct reader *r, uint32_t t, struct event *out)
{
	const struct kind *kind = &kinds[out->kind];
	uint32_t val[FIELDS_MAX];
	int64_t v = 0;

	r->outer = "/body";
	if (!read_object(r, t, kind->field, kind->n, val))
		return false;
	for (uint32_t i = 0; i < kind->n; i++)
		if (val[i] && !check_one(r, &kind->field[i], val[i], out))
			return false;
	switch (out->kind) {
	case EV_PATROL_TRACK:
		if (val[2])
			out->pts_crs = crs_of(json_text(r->j, val[2]));
		break;
	case EV_VISIT:
		if (!val[0] && !val[1])
			return bad(r, "household", "missing, and no group");
		break;
	case EV_CASE_REPORT:
		if (!val[4] && !val[5])
			return bad(r, "title", "missing, and no text");
		if (val[3] && json_int(r->j, val[3], &v))
			out->severity = (int)v;
		break;
	case EV_STATUS:
		if (val[0] && json_int(r->j, val[0], &v))
			out->battery = (int)v;
		break;
	default:
		break;
	}
	return true;
}

/* Member of object t, and only there is one such: with two of them nobody knows which is meant. */
static uint32_t only(struct json *j, uint32_t t, const char *name)
{
	uint32_t k = t + 1, found = 0;

	for (uint32_t m = j->tok[t].count; m; m--, k = j->tok[k + 1].next) {
		if (!slice_is(json_text(j, k), name))
			continue;
		if (found)
			return 0;
		found = k + 1;
	}
	return found;
}

bool event_identity(struct json *j, uint32_t t, struct slice *epoch, int64_t *seq)
{
	uint32_t e, s;
	struct slice text;
	int64_t v;

	if (t >= j->ntok || j->tok[t].type != JSON_OBJECT)
		return false;
	e = only(j, t, "epoch");
	s = only(j, t, "seq");
	if (!e || !s || j->tok[e].type != JSON_STRING)
		return false;
	text = json_text(j, e);
	if (!is_epoch(text) || !json_int(j, s, &v) || v < 1 || v > EVENT_SEQ_MAX)
		return false;
	*epoch = text;
	*seq = v;
	return true;
}

static void blank(struct event *e)
{
	*e = (struct event){.rec_ms = -1, .acc_m = -1, .battery = -1, .queue = -1,
		.persons = -1, .due_ms = -1, .until_ms = -1};
}

static bool decode(struct reader *r, uint32_t t, struct event *e)
{
	uint32_t val[ARRAY_LEN(envelope)];
	struct slice kind;

	if (!read_object(r, t, envelope, ARRAY_LEN(envelope), val))
		return false;
	for (uint32_t i = 0; i < ARRAY_LEN(envelope); i++)
		if (val[i] && !check_one(r, &envelope[i], val[i], e))
			return false;
	e->when_ms = e->at_ms + e->off_ms;
	e->body = val[E_BODY];
	kind = json_text(r->j, val[E_KIND]);
	e->kind = event_kind_of(kind);
	if (!e->kind) {
		unknown_kind(r, kind);
		return false;
	}
	return check_body(r, e->body, e);
}

enum event_code event_decode(struct json *j, uint32_t t, struct event *out, struct event_fault *fault)
{
	struct reader r = {.j = j, .fault = fault, .outer = "", .index = -1};
	const struct json_soft *s;

	blank(out);
	fault->code = EVENT_OK;
	fault->detail[0] = '\0';
	if (j->err != JSON_OK || t >= j->ntok) {
		(void)bad_json(fault, j->err, j->err_at);
	} else if ((s = json_soft_in(j, t))) {
		/* counted from the event, so that the answer is the same in any batch */
		(void)bad_json(fault, s->err, s->at - j->tok[t].from);
	} else if (decode(&r, t, out)) {
		out->raw = json_raw(j, t);
		out->doc = j;
		return EVENT_OK;
	}
	blank(out);
	out->raw = json_raw(j, t);
	if (!event_identity(j, t, &out->epoch, &out->seq)) {
		out->epoch = (struct slice){0};
		out->seq = 0;
	}
	return fault->code;
}

bool hello_is(const struct json *j)
{
	return json_get(j, 0, "hello") != 0;
}

enum event_code hello_decode(struct json *j, struct hello *out, struct event_fault *fault)
{
	struct reader r = {.j = j, .fault = fault, .outer = "/hello", .index = -1};
	uint32_t val[ARRAY_LEN(hello_fields)], t = json_get(j, 0, "hello");
	struct hello h = {.time_ms = -1};
	struct event none;

	fault->code = EVENT_OK;
	fault->detail[0] = '\0';
	if (j->err != JSON_OK)
		return bad_json(fault, j->err, j->err_at);
	if (j->nsoft)
		return bad_json(fault, j->soft[0].err, j->soft[0].at - j->tok[0].from);
	if (!t)
		return bad(&r, "", "missing"), fault->code;
	if (!read_object(&r, t, hello_fields, ARRAY_LEN(hello_fields), val))
		return fault->code;
	for (uint32_t i = 0; i < ARRAY_LEN(hello_fields); i++)
		if (val[i] && !check_one(&r, &hello_fields[i], val[i], &none))
			return fault->code;
	h.epoch = json_text(j, val[H_EPOCH]);
	/* checked above: these cannot fail */
	(void)json_int(j, val[H_FIRST], &h.first);
	(void)json_int(j, val[H_NEXT], &h.next);
	if (val[H_TIME])
		(void)json_int(j, val[H_TIME], &h.time_ms);
	if (val[H_APP])
		h.app = json_text(j, val[H_APP]);
	if (h.first > h.next)
		return bad(&r, "first", "beyond next"), fault->code;
	*out = h;
	return EVENT_OK;
}

bool presence_decode(struct json *j, struct presence *out)
{
	uint32_t online = json_get(j, 0, "online"), at = json_get(j, 0, "at");
	struct presence p = {.at_ms = -1};

	if (j->err != JSON_OK || j->nsoft || !online ||
		(j->tok[online].type != JSON_TRUE && j->tok[online].type != JSON_FALSE))
		return false;
	p.online = j->tok[online].type == JSON_TRUE;
	if (at && j->tok[at].type != JSON_NULL &&
		(!json_int(j, at, &p.at_ms) || p.at_ms < 0 || p.at_ms > EVENT_MS_MAX))
		return false;
	*out = p;
	return true;
}
