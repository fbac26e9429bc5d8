#include "schema/exports/rows.h"

#include <assert.h>

#include "base/clock.h"
#include "core/mask.h"
#include "schema/exports/sink.h"

#define LOOKS 64 /* rows looked at between two looks at the clock */

const struct column *sink_column(const struct rows *r)
{
	assert(r->column < r->table->columns);
	return &r->table->column[r->column];
}

const char *sink_heading(const struct rows *r, size_t column)
{
	const struct column *c = &r->table->column[column];

	return r->table->keys ? c->key : r->w->english ? c->en : c->zh;
}

void sink_decimal(struct buf *out, int64_t v, int decimals)
{
	char digit[24];
	uint64_t left = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	int n = 0;

	if (v < 0)
		buf_addc(out, '-');
	do
		digit[n++] = (char)('0' + left % 10);
	while ((left /= 10) || n <= decimals);
	while (n) {
		if (n == decimals)
			buf_addc(out, '.');
		buf_addc(out, digit[--n]);
	}
}

void sink_rate(struct buf *out, int64_t num, int64_t den, int decimals)
{
	__int128 scaled = num;

	for (int i = 0; i < decimals + 2; i++)
		scaled *= 10;
	scaled = (2 * scaled + den) / (2 * (__int128)den); /* half up, once */
	sink_decimal(out, (int64_t)scaled, decimals);
}

/* ------------------------------------------------------------------ cells */

static void cell(struct rows *r)
{
	assert(r->column < r->table->columns);
	if (r->column == 0 && r->sink->row)
		r->sink->row(r);
}

#define CELL(call)    \
	cell(r);      \
	r->sink->call; \
	r->column++

void rows_slice(struct rows *r, struct slice v)
{
	CELL(text(r, v));
}

void rows_text(struct rows *r, const char *v)
{
	rows_slice(r, slice_of(v ? v : ""));
}

void rows_int(struct rows *r, int64_t v)
{
	CELL(integer(r, v));
}

void rows_decimal(struct rows *r, int64_t v, int decimals)
{
	CELL(decimal(r, v, decimals));
}

void rows_number(struct rows *r, const char *text)
{
	int64_t v = 0;
	int decimals = -1;
	bool minus = *text == '-';

	for (const char *p = text + minus; *p; p++) {
		if (*p == '.') {
			decimals = 0;
		} else {
			v = v * 10 + (*p - '0');
			decimals += decimals >= 0;
		}
	}
	rows_decimal(r, minus ? -v : v, decimals < 0 ? 0 : decimals);
}

void rows_rate(struct rows *r, int64_t num, int64_t den, int decimals)
{
	CELL(rate(r, num, den, decimals));
}

void rows_day(struct rows *r, int32_t day)
{
	CELL(day(r, day));
}

void rows_instant(struct rows *r, int64_t ms)
{
	CELL(instant(r, ms));
}

void rows_bool(struct rows *r, bool v)
{
	CELL(boolean(r, v));
}

void rows_json(struct rows *r, struct slice v)
{
	CELL(json(r, v));
}

void rows_none(struct rows *r)
{
	CELL(none(r));
}

void rows_end(struct rows *r)
{
	assert(r->column == r->table->columns);
	r->sink->end_row(r);
	r->column = 0;
	r->n++;
}

bool rows_full(struct rows *r)
{
	if (r->err != OK || r->out->n - r->start >= r->piece)
		return true;
	return ++r->looked % LOOKS == 0 && clock_mono_ms() >= r->until_mono_ms;
}

bool rows_over(struct rows *r)
{
	return rows_full(r) || clock_mono_ms() >= r->until_mono_ms;
}

bool rows_codes(const struct rows *r)
{
	return r->sink->codes || r->table->keys || r->w->english;
}

bool rows_json_is(const struct rows *r)
{
	return r->sink->codes;
}

void rows_word(struct rows *r, const char *code, const char *zh)
{
	rows_text(r, rows_codes(r) || !zh ? code : zh);
}

/* ------------------------------------------------------------------ personal data */

static void masked(struct rows *r, struct slice v, void (*mask)(struct slice v, struct buf *out))
{
	if (r->w->unmask || !v.n) {
		rows_slice(r, v);
		return;
	}
	buf_clear(&r->scratch);
	mask(v, &r->scratch);
	rows_slice(r, buf_slice(&r->scratch));
}

void rows_name(struct rows *r, const char *name)
{
	masked(r, slice_of(name ? name : ""), mask_name);
}

void rows_names(struct rows *r, struct slice names)
{
	masked(r, names, mask_names);
}

void rows_key(struct rows *r, struct slice key)
{
	masked(r, key, mask_key);
}

void rows_phone(struct rows *r, const char *phone)
{
	masked(r, slice_of(phone ? phone : ""), mask_phone);
}

void rows_free(struct rows *r, struct slice text)
{
	masked(r, text, mask_text);
}

void rows_body(struct rows *r, struct slice json)
{
	if (r->w->unmask || !json.n) {
		rows_json(r, json);
		return;
	}
	buf_clear(&r->scratch);
	mask_json(json, &r->json, &r->scratch);
	rows_json(r, buf_slice(&r->scratch));
}
